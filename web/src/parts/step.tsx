import { type ReactNode, useId } from 'react'

/** A part of a screen with its number and title. */
export function Step(o: {
  number?: number
  title: string
  lead?: ReactNode
  className?: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <section className={`step ${o.className ?? ''}`} aria-labelledby={id}>
      <h2 id={id}>
        {o.number !== undefined && <span className="number">{o.number}</span>}
        {o.title}
      </h2>
      {o.lead && <p className="lead">{o.lead}</p>}
      {o.children}
    </section>
  )
}
