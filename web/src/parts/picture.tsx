import { useState } from 'react'
import type { Question } from '../model/question.js'
import { type SeenDocument, sightOf, type Viewer } from '../model/sight.js'
import type { Holder } from '../model/wallet.js'
import { Hidden } from './bar.js'
import { Chips } from './chips.js'

/** What crosses to whom, as documents that are blackened for each viewer. */
export function Picture(o: { holder: Holder; question: Question; satisfied: boolean }) {
  const { holder, question, satisfied } = o
  const [viewer, setViewer] = useState<Viewer>('asker')
  const { documents, rest, can, cannot } = sightOf({ holder, question, satisfied, viewer })
  const viewers: readonly (readonly [Viewer, string])[] = [
    ['you', 'You'],
    ['asker', question.asker || 'The asker'],
    ['issuer', 'An issuer'],
    ['others', 'Everybody else'],
  ]
  return (
    <div className="picture">
      <Chips<Viewer> label="Through whose eyes" options={viewers} value={viewer} onChoose={setViewer} />
      <div className="desk" data-viewer={viewer}>
        {documents.map((document) => (
          <Document key={document.id} document={document} />
        ))}
        {rest && <p className="rest">{rest}</p>}
      </div>
      <div className="saying" aria-live="polite">
        <p className="can">{can}</p>
        {cannot && <p className="cannot">{cannot}</p>}
      </div>
    </div>
  )
}

function Document({ document }: { document: SeenDocument }) {
  const { title, issuer, issuerNote, fields, presence, kind } = document
  return (
    <article className={`document kind-${kind} ${presence}`}>
      <h3>{title ?? <Hidden wide={5} />}</h3>
      <p className="document-issuer">
        {issuer ?? <Hidden wide={8} />}
        {issuerNote && <span className="note">{issuerNote}</span>}
      </p>
      <dl>
        {fields.map(({ label, value, note }, i) => (
          <div key={label}>
            <dt>{presence === 'unknown' ? <Hidden wide={3} /> : label}</dt>
            <dd>
              {value ?? <Hidden wide={5 + ((i * 3) % 4)} />}
              {note && <span className="note">{note}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {presence === 'perhaps' && <p className="perhaps">held, or not</p>}
    </article>
  )
}
