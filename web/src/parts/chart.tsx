import { useEffect, useRef } from 'react'
import { type Median, STATEMENTS } from '../model/bench.js'

/** Colours of phases, told apart by those who see few colours too, in both schemes. */
const COLOURS = { prepare: '#9aa0a8', witness: '#d18f1f', proof: '#3a78c2', verify: '#2c9b74' }

/** Medians as stacked bars: a row for each way to prove, statements below one another. */
export default function Chart({ medians }: { medians: readonly Median[] }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let current = true
    const draw = async () => {
      const Plot = await import('@observablehq/plot')
      const element = place.current
      if (!current || element === null) return
      const engines = new Set(medians.map(({ engine }) => engine)).size
      const rowOf = ({ source, engine, threads }: Median) =>
        [source, engines > 1 ? engine : '', `${threads} thread${threads === 1 ? '' : 's'}`]
          .filter((part) => part !== '')
          .join(', ')
      const data = medians.map((one) => ({ ...one, row: rowOf(one) }))
      const statements = STATEMENTS.filter((name) => data.some(({ statement }) => statement === name))
      const narrow = element.clientWidth < 520
      const rows = [...new Set(data.map(({ row }) => row))]
      // Wide enough for the longest label, at about 7 px a letter.
      const marginLeft = 20 + 7 * Math.max(...rows.map(({ length }) => length))
      const plot = Plot.plot({
        width: element.clientWidth,
        height: 70 + statements.length * (30 + rows.length * 28),
        marginLeft,
        marginTop: 30,
        marginBottom: 44,
        marginRight: 46,
        style: { fontSize: '13px', background: 'transparent', color: 'inherit' },
        x: { label: 'milliseconds', grid: true, ticks: narrow ? 3 : 7 },
        y: { label: null },
        fy: { label: null, domain: statements, axis: null, padding: 0.3 },
        color: { domain: Object.keys(COLOURS), range: Object.values(COLOURS), legend: true },
        marks: [
          Plot.text(statements, {
            ...{ fy: (name: string) => name, text: (name: string) => name, frameAnchor: 'top-left' },
            ...{ dx: 4 - marginLeft, dy: -16, fontWeight: 650 },
          }),
          Plot.barX(data, {
            y: 'row',
            fy: 'statement',
            x: 'milliseconds',
            fill: 'phase',
            order: Object.keys(COLOURS),
            insetTop: 2,
            insetBottom: 2,
          }),
          Plot.text(
            data,
            Plot.groupY(
              {
                x: 'sum',
                text: (rows: { milliseconds: number }[]) =>
                  Math.round(rows.reduce((sum, row) => sum + row.milliseconds, 0)).toLocaleString('en'),
              },
              { y: 'row', fy: 'statement', x: 'milliseconds', dx: 5, textAnchor: 'start' } as object,
            ),
          ),
          Plot.ruleX([0]),
        ],
      })
      plot.setAttribute('role', 'img')
      plot.setAttribute('aria-label', 'Medians as stacked bars; the table below has the numbers')
      // Plot names groups that have no role.
      for (const group of plot.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label')
      element.replaceChildren(plot)
    }
    draw()
    const observer = new ResizeObserver(() => draw())
    if (place.current) observer.observe(place.current)
    return () => {
      current = false
      observer.disconnect()
    }
  }, [medians])
  return <div className="chart" ref={place} />
}
