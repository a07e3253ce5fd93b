import { useEffect, useMemo, useState } from 'react'
import { encode } from 'uqr'
import { type Handed, packLink } from '../model/link.js'

/** The proof as a link and as a QR code of it. */
export function HandOver({ handed }: { handed: Handed }) {
  const [link, setLink] = useState<string>()
  const [copied, setCopied] = useState('')
  useEffect(() => {
    let current = true
    packLink(handed).then((fragment) => current && setLink(new URL(fragment, document.baseURI).href))
    return () => {
      current = false
    }
  }, [handed])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link as string)
      setCopied('Copied.')
    } catch {
      setCopied('The browser does not let this page copy: take the link’s own menu.')
    }
  }
  if (link === undefined) return <p className="wait">One moment …</p>
  return (
    <div className="hand-over">
      <QrCode text={link} />
      <div>
        <p>
          <a className="link" href={link} target="_blank" rel="noreferrer">
            Open it on the other side
          </a>
        </p>
        <p className="aside">
          {link.length.toLocaleString('en')} characters. They stand after the # of the address, which browsers
          never send to a server. The link holds the question, the proof, and no SBT.
        </p>
        {['localhost', '127.0.0.1'].includes(location.hostname) && (
          <p className="aside">
            This page runs on your own machine, and so the code leads here. For a phone, start it with{' '}
            <code>npm run web -- --host</code> and open it under this machine’s address.
          </p>
        )}
        <div className="buttons">
          <button type="button" onClick={copy}>
            Copy the link
          </button>
          {'share' in navigator && (
            <button type="button" onClick={() => navigator.share({ url: link }).catch(() => undefined)}>
              Share
            </button>
          )}
          <span role="status">{copied}</span>
        </div>
      </div>
    </div>
  )
}

/** A text as a QR code: black on white in every colour scheme, as scanners want it. */
function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(text, { ecc: 'L', border: 4 })
    const path = data
      .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
      .join('')
    return { size, path }
  }, [text])
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="The link as a QR code"
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
