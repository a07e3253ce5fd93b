import { useEffect, useState } from 'react'

const KEY = 'soulproof-theme'

type Theme = 'light' | 'dark'

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : undefined
  } catch {
    // No storage: the system's choice.
    return undefined
  }
}

/** Switches between light and dark; until then the system decides. */
export function ThemeButton() {
  const [system, setSystem] = useState<Theme>(
    matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
  )
  const [chosen, setChosen] = useState(stored)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const changed = () => setSystem(query.matches ? 'dark' : 'light')
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [])
  const theme = chosen ?? system
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
  }, [theme])
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <button
      type="button"
      className="quiet theme"
      aria-label={`Switch to ${other} colours`}
      onClick={() => {
        setChosen(other)
        try {
          localStorage.setItem(KEY, other)
        } catch {
          // It holds until the page is closed.
        }
      }}
    >
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" strokeWidth="1.6" />
        <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
      </svg>
    </button>
  )
}
