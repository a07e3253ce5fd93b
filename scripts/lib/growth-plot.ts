import { LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Measured, Row, Step } from '../bench-ledger.js'

const [WIDTH, HEIGHT] = [900, 660]
const GREY = '#8b949e'

/** What the ledger has to reach, see the speed of issue and docs. */
const AIMS = { append: 20_000, apply: 5000, proof: 1 }

/**
 * Draws the growth of a ledger as an SVG: rates by the number of entries while it fills, and by the number of handles what an
 * opening takes and what a handle costs. Axes are logarithmic where values span decades.
 */
export function plotGrowth({ rows, batch, environment }: Measured): string {
  use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer])
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  try {
    chart.setOption(optionsFor(rows, `Batches of ${batch.toLocaleString('en')}; ${environment['cpu']}`))
    // Numbered anew, so that the same measurements give the same text.
    return `${normalised(chart.renderToSVGString())}\n`
  } finally {
    chart.dispose()
  }
}

function optionsFor(rows: readonly Row[], note: string): EChartsCoreOption {
  const panels = [
    { title: 'Entries per second, while a ledger fills', left: 70, top: 70 },
    { title: 'Opening a handle, ms', left: 70, top: 400 },
    { title: 'Bytes', left: 530, top: 400 },
  ].map((panel, i) => ({ ...panel, width: i === 0 ? 790 : 330, height: 200 }))
  return {
    animation: false,
    backgroundColor: '#ffffff',
    title: [
      { text: 'A ledger on disk as it grows', subtext: note, left: 20, top: 5 },
      ...panels.slice(1).map(({ title, left, top }) => ({
        ...{ text: title, left, top: top - 45, textStyle: { fontSize: 13 } },
      })),
    ],
    legend: [
      { top: 12, right: 20, data: fills(rows).map(({ name }) => name) },
      { top: 372, left: 220, data: ['newest root', 'oldest root kept'] },
      { top: 372, left: 590, data: ['tree, a handle', 'queue, an entry', 'memory, a handle'] },
    ],
    grid: panels.map(({ left, top, width, height }) => ({ left, top, width, height })),
    xAxis: panels.map((_, i) => ({
      ...{
        gridIndex: i,
        type: 'log',
        name: i === 0 ? 'entries' : 'handles',
        nameLocation: 'middle',
        nameGap: 25,
      },
      axisLabel: { formatter: short },
    })),
    yAxis: [
      { gridIndex: 0, type: 'log', min: 1000, axisLabel: { formatter: short } },
      { gridIndex: 1, type: 'value', min: 0 },
      { gridIndex: 2, type: 'value', min: 0 },
    ],
    series: [
      ...fills(rows).map(({ name, steps, what }) => ({
        ...line(
          name,
          0,
          steps.map((step) => [step.entries, (1000 * step.count) / step[what]]),
        ),
        symbolSize: 4,
      })),
      aim(0, AIMS.append),
      aim(0, AIMS.apply),
      line(
        'newest root',
        1,
        rows.map(({ handles, proof }) => [handles, proof[0]]),
      ),
      line(
        'oldest root kept',
        1,
        rows.map(({ handles, olderProof }) => [handles, olderProof[0]]),
      ),
      aim(1, AIMS.proof),
      line(
        'tree, a handle',
        2,
        rows.map((row) => [row.handles, row.treeBytesPerHandle]),
      ),
      line(
        'queue, an entry',
        2,
        rows.map((row) => [row.handles, row.queueBytesPerEntry]),
      ),
      line(
        'memory, a handle',
        2,
        rows.map((row) => [row.handles, row.heapBytesPerHandle]),
      ),
    ],
  }
}

/** For each size its appends and its applications, batch by batch. */
function fills(
  rows: readonly Row[],
): { readonly name: string; readonly steps: readonly Step[]; readonly what: 'append' | 'apply' }[] {
  return rows.flatMap(({ handles, steps }) =>
    (['append', 'apply'] as const).map((what) => ({
      ...{ name: `${what === 'append' ? 'appended' : 'applied'}, ${short(handles)} handles`, steps, what },
    })),
  )
}

function line(name: string, grid: number, data: readonly (readonly number[])[]): object {
  return { type: 'line', name, xAxisIndex: grid, yAxisIndex: grid, data, symbol: 'circle' }
}

/** A dashed line at what is to be reached. */
function aim(grid: number, value: number): object {
  return {
    ...{ type: 'line', name: `aim ${value}`, xAxisIndex: grid, yAxisIndex: grid, data: [] },
    markLine: {
      ...{ silent: true, symbol: 'none', data: [{ yAxis: value }] },
      lineStyle: { color: GREY, type: 'dashed' },
      label: { formatter: `aim ${short(value)}`, color: GREY, position: 'insideEndTop' },
    },
  }
}

/** Writes 10000 as 10k. */
function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1e3 ? `${value / 1e3}k` : `${value}`
}

/** Names clip paths and classes by their order instead of by a counter of the process. */
function normalised(svg: string): string {
  const names = new Map<string, string>()
  return svg.replace(/zr\d+-(c|cls-)\d+/g, (name) => {
    if (!names.has(name)) names.set(name, `p${names.size}`)
    return names.get(name) as string
  })
}
