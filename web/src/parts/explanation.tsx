import type { Policy } from 'soulproof/policy'
import { explain, type Line } from '../model/words.js'

/** A policy in the library's own words. */
export function Explanation({ policy }: { policy: Policy }) {
  return (
    <details className="explanation">
      <summary>The policy in words, in full</summary>
      <div className="explanation-text">
        {explain(policy).map(({ title, lines }) => (
          <section key={title}>
            <h3>{title}</h3>
            <Lines lines={lines} />
          </section>
        ))}
      </div>
    </details>
  )
}

function Lines({ lines }: { lines: readonly Line[] }) {
  if (lines.length === 0) return null
  return (
    <ul>
      {lines.map(({ text, below }) => (
        <li key={text}>
          {text}
          <Lines lines={below} />
        </li>
      ))}
    </ul>
  )
}
