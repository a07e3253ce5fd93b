import { line, plot, ruleY, text } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Measured } from '../bench-ledger.js'

/** What a ledger has to reach, entries per second. */
const AIMS = [
  { kind: 'durable appends', rate: 20_000 },
  { kind: 'applied entries', rate: 5000 },
] as const

/** Draws as an SVG how many entries a second a ledger takes and applies, batch by batch, while it fills. */
export function plotGrowth({ rows }: Pick<Measured, 'rows'>): string {
  const { document } = parseHTML('<html></html>')
  const number = (value: number): string => (value >= 1e6 ? `${value / 1e6}M` : `${value / 1000}k`)
  const points = rows.flatMap(({ handles, steps }) =>
    steps.flatMap(({ entries, count, append, apply }) =>
      [append, apply].map((milliseconds, i) => ({
        ...{ size: `${number(handles)} handles`, entries, kind: AIMS[i]!.kind },
        rate: (1000 * count) / milliseconds,
      })),
    ),
  )
  const channels = { x: 'entries', y: 'rate', fx: 'kind' } as const
  const svg = plot({
    document,
    ...{ width: 900, height: 440, marginRight: 20, marginLeft: 60 },
    style: { background: 'white', color: 'black' },
    fx: { label: null, domain: AIMS.map(({ kind }) => kind) },
    x: { type: 'log', label: 'entries in the ledger', ticks: 4, tickFormat: number },
    y: { type: 'log', grid: true, label: 'entries a second', tickFormat: number },
    color: { range: ['#7aa974', '#c44e52', '#2f6db3'], domain: [...new Set(points.map(({ size }) => size))] },
    marks: [
      ruleY(AIMS, { y: 'rate', fx: 'kind', stroke: '#777777', strokeDasharray: '4 3' }),
      text(AIMS, {
        ...{ y: 'rate', fx: 'kind', text: ({ rate }: { rate: number }) => `aim ${number(rate)}` },
        ...{ frameAnchor: 'left', dx: 4, dy: -7, fill: '#777777' },
      }),
      line(points, { ...channels, stroke: 'size', marker: 'dot' }),
      text(
        points.filter(
          ({ size, kind }, i) => !points.slice(i + 1).some((one) => one.size === size && one.kind === kind),
        ),
        { ...channels, text: 'size', fill: 'size', dy: -14, textAnchor: 'end' },
      ),
    ],
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${svg.outerHTML}\n`
}
