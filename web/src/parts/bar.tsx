/** A value that is hidden: a redaction bar, and a word for those who do not see it. */
export function Hidden({ wide = 1 }: { wide?: number }) {
  return (
    <span className="bar" style={{ '--wide': wide } as object}>
      <span className="sr">hidden</span>
    </span>
  )
}

/** A long number, shortened; whole for whoever copies or hovers. */
export function Short({ value }: { value: bigint | string }) {
  const text = typeof value === 'bigint' ? value.toString(16).padStart(12, '0') : value
  return (
    <code className="short" title={text}>
      {text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text}
    </code>
  )
}
