import * as Dialog from '@radix-ui/react-dialog'
import { type FormEvent, useId, useRef, useState } from 'react'
import { COUNTRIES, KINDS, OFFICES, officeOf } from '../model/offices.js'
import {
  type Card,
  correctCard,
  dropCard,
  type Holder,
  isRevoked,
  issueCard,
  revokeCard,
  showClaim,
} from '../model/wallet.js'

/** What is filled in first when an issuer is asked for an SBT. */
const DRAFTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  passport: { name: 'Ana Reyes', country: 'CA', birthDate: '1994-05-17' },
  degree: { major: 'economics', year: '2018' },
  account: { handle: '@ana', followers: '52300' },
  ticket: { talks: '3' },
}

/** The holder's SBTs, with what can be done to each. */
export function WalletList(o: { holder: Holder; setHolder(holder: Holder): void }) {
  const { holder, setHolder } = o
  const [opened, setOpened] = useState<Card | 'new'>()
  const opener = useRef<HTMLElement>(null)
  const setOpen = (next: Card | 'new' | undefined) => {
    if (next) opener.current = document.activeElement as HTMLElement
    setOpened(next)
  }
  return (
    <>
      <ul className="cards">
        {holder.cards.map((card, i) => (
          // By place: an SBT that is issued anew stands where the first one stood, and keeps the focus.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={i}>
            <CardView {...{ holder, card }} onOpen={() => setOpen(card)} />
          </li>
        ))}
        <li>
          <button type="button" className="card add" onClick={() => setOpen('new')}>
            <span aria-hidden="true">+</span> Have another issued
          </button>
        </li>
      </ul>
      <Dialog.Root open={opened !== undefined} onOpenChange={(isOpen) => !isOpen && setOpen(undefined)}>
        <Dialog.Portal>
          <Dialog.Overlay className="overlay" />
          <Dialog.Content
            className="dialog"
            aria-describedby={undefined}
            onCloseAutoFocus={(event) => {
              event.preventDefault()
              const back = opener.current?.isConnected ? opener.current : document.getElementById('main')
              back?.focus({ preventScroll: true })
            }}
          >
            {opened !== undefined && (
              <CardForm
                key={opened === 'new' ? 'new' : opened.number}
                {...{ holder, ...(opened !== 'new' && { card: opened }) }}
                onDone={(next) => {
                  if (next) setHolder(next)
                  setOpen(undefined)
                }}
              />
            )}
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
    </>
  )
}

function CardView({ holder, card, onOpen }: { holder: Holder; card: Card; onOpen(): void }) {
  const { name, kind } = officeOf(card.office)
  const revoked = isRevoked(holder, card)
  return (
    <button type="button" className={`card kind-${kind} ${revoked ? 'revoked' : ''}`} onClick={onOpen}>
      <span className="card-title">
        {KINDS[kind].title} <span className="card-issuer">{name}</span>
      </span>
      <span className="card-fields">
        {KINDS[kind].fields.map((field) => (
          <span key={field.claim} className="card-field">
            <span className="label">{field.label}</span>{' '}
            <span className="value">{showClaim(field, card.texts[field.claim] ?? '')}</span>
          </span>
        ))}
      </span>
      {revoked && <span className="stamp">revoked</span>}
      <span className="sr">Change</span>
    </button>
  )
}

function CardForm(o: { holder: Holder; card?: Card; onDone(next?: Holder): void }) {
  const { holder, card, onDone } = o
  const id = useId()
  const [office, setOffice] = useState(card?.office ?? 'state')
  const { kind } = officeOf(office)
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(
    card?.texts ?? DRAFTS['passport'] ?? {},
  )
  const [problem, setProblem] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    try {
      onDone(card ? correctCard(holder, card, texts) : issueCard(holder, office, texts))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      setProblem(error.message)
    }
  }
  return (
    <form onSubmit={submit} noValidate>
      <Dialog.Title className="dialog-title">{card ? KINDS[kind].title : 'Have an SBT issued'}</Dialog.Title>
      {card ? (
        <p className="lead">
          From {officeOf(office).name}. It signs what stands here, for a blinded number instead of you.
        </p>
      ) : (
        <label className="form-row" htmlFor={`${id}-office`}>
          <span>Issuer</span>
          <select
            id={`${id}-office`}
            value={office}
            onChange={({ target }) => {
              setOffice(target.value)
              setTexts(DRAFTS[officeOf(target.value).kind] ?? {})
            }}
          >
            {OFFICES.map(({ key, name }) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {KINDS[kind].fields.map(({ claim, label, type }) => {
        const common = {
          id: `${id}-${claim}`,
          value: texts[claim] ?? '',
          onChange: ({ target }: { target: { value: string } }) =>
            setTexts({ ...texts, [claim]: target.value }),
        }
        return (
          <label key={claim} className="form-row" htmlFor={common.id}>
            <span>{label}</span>
            {type === 'country' ? (
              <select {...common}>
                {Object.entries(COUNTRIES).map(([code, name]) => (
                  <option key={code} value={code}>
                    {name}
                  </option>
                ))}
              </select>
            ) : (
              <input
                {...common}
                type={type === 'day' ? 'date' : 'text'}
                inputMode={type === 'number' ? 'numeric' : 'text'}
              />
            )}
          </label>
        )
      })}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="buttons">
        <button type="submit" className="primary">
          {card ? 'Issue it anew like this' : 'Issue and sign'}
        </button>
        {card && !isRevoked(holder, card) && (
          <button type="button" onClick={() => onDone(revokeCard(holder, card))}>
            Revoke, as the issuer
          </button>
        )}
        {card && (
          <button type="button" onClick={() => onDone(dropCard(holder, card))}>
            Throw away
          </button>
        )}
        <Dialog.Close asChild>
          <button type="button" className="quiet">
            Leave
          </button>
        </Dialog.Close>
      </div>
    </form>
  )
}
