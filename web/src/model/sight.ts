import { KINDS, type Kind, officeOf } from './offices.js'
import {
  factOf,
  forcedSlots,
  kindOf,
  nounOf,
  officesOf,
  type Question,
  SLOTS,
  type Slot,
  slotsOf,
} from './question.js'
import { type Card, type Holder, isRevoked, showClaim } from './wallet.js'

/* Who sees what: the picture. */

/** From whose eyes the picture is seen. */
export type Viewer = 'you' | 'asker' | 'issuer' | 'others'

/** One value as a viewer sees it. */
export interface SeenField {
  readonly label: string
  /** Undefined: hidden. */
  readonly value?: string
  /** What is known of a hidden value. */
  readonly note?: string
}

/** One document as a viewer sees it. */
export interface SeenDocument {
  readonly id: string
  readonly kind: Kind
  /** Undefined: hidden. */
  readonly title?: string
  readonly issuer?: string
  readonly issuerNote?: string
  readonly fields: readonly SeenField[]
  /** Whether the viewer learns that there is such a document. */
  readonly presence: 'known' | 'perhaps' | 'unknown'
}

/** The picture for one viewer. */
export interface Sight {
  readonly documents: readonly SeenDocument[]
  /** What stands for documents that the viewer does not even know to exist. */
  readonly rest?: string
  /** What the viewer can say afterwards. */
  readonly can: string
  readonly cannot: string
}

/** The cards that a picture shows: of slots asked for, then the others. */
function cardsFor(holder: Holder, question: Question): { slot?: Slot; card?: Card }[] {
  const asked = slotsOf(question).map((slot) => {
    const fits = holder.cards.filter(({ office }) => officesOf(slot).includes(office))
    const card = fits.find((one) => !isRevoked(holder, one)) ?? fits[0]
    return { slot, ...(card && { card }) }
  })
  const used = new Set(asked.map(({ card }) => card))
  return [...asked, ...holder.cards.filter((card) => !used.has(card)).map((card) => ({ card }))]
}

/** Returns what a viewer sees of a wallet when the question is answered with a proof. */
export function sightOf(o: {
  holder: Holder
  question: Question
  /** Whether there is anything to prove. */
  satisfied: boolean
  viewer: Viewer
}): Sight {
  const { holder, question, satisfied, viewer } = o
  if (viewer === 'asker' && !satisfied) {
    return {
      documents: [],
      rest: 'Nothing crosses',
      can: 'Nothing. There is no proof, so there is nothing to see.',
      cannot: 'Nobody can make a proof of what is not so.',
    }
  }
  const shown = cardsFor(holder, question)
  const [issuing] = shown.flatMap(({ card }) => (card ? [card.office] : []))
  const documents = shown.flatMap(({ slot, card }, i): SeenDocument[] => {
    const id = `${slot ?? card?.office}-${i}`
    if (viewer === 'asker') return slot ? [askerSees({ id, slot, question, ...(card && { card }) })] : []
    if (card === undefined) return []
    return [
      viewer === 'you' || (viewer === 'issuer' && card.office === issuing) ? all(id, card) : unseen(id, card),
    ]
  })
  return {
    documents,
    ...(viewer === 'asker' && { rest: 'Whatever else you hold, if anything' }),
    ...sayOf({ viewer, question, office: issuing }),
  }
}

function all(id: string, { office, texts }: Card): SeenDocument {
  const { name, kind } = officeOf(office)
  const fields = KINDS[kind].fields.map((field) => ({
    label: field.label,
    value: showClaim(field, texts[field.claim] ?? ''),
  }))
  return { id, kind, title: KINDS[kind].title, issuer: name, fields, presence: 'known' }
}

function unseen(id: string, { office }: Card): SeenDocument {
  const { kind } = officeOf(office)
  return { id, kind, fields: KINDS[kind].fields.map(({ label }) => ({ label })), presence: 'unknown' }
}

function askerSees(o: { id: string; slot: Slot; card?: Card; question: Question }): SeenDocument {
  const { id, slot, card, question } = o
  const kind = kindOf(slot)
  const forced = forcedSlots(question).includes(slot)
  const offices = officesOf(slot)
  const conditions = question.groups.flatMap(({ need, of }) =>
    of
      .filter((condition) => condition.slot === slot)
      .map((condition) => ({ condition, sure: need === 'all' || need >= of.length })),
  )
  const fields = KINDS[kind].fields.map((field): SeenField => {
    const about = conditions.filter(({ condition }) => condition.claim === field.claim)
    const known = about.find(({ condition, sure }) => sure && condition.test === 'is')
    if (question.reveal.includes(`${slot}.${field.claim}`)) {
      return {
        label: field.label,
        value: showClaim(field, card?.texts[field.claim] ?? ''),
        note: 'shown, as asked',
      }
    }
    if (known)
      return { label: field.label, value: showClaim(field, known.condition.value ?? ''), note: 'proved' }
    const [first] = about
    if (first === undefined) return { label: field.label }
    const fact = factOf(first.condition)
    return { label: field.label, note: first.sure ? `proved: ${fact}` : `perhaps: ${fact}` }
  })
  return {
    ...{ id, kind, fields, title: SLOTS[slot], presence: forced ? 'known' : 'perhaps' },
    ...(offices.length === 1
      ? { issuer: officeOf(offices[0] as string).name }
      : { issuerNote: `one of ${offices.length} universities` }),
  }
}

/** The facts that a question's answer proves, as sentences' ends. */
export function factsOf(question: Question): readonly string[] {
  return question.groups.flatMap(({ need, of }): string[] => {
    if (need === 'all' || need >= of.length) return of.map(factOf)
    const held = of.every(({ test }) => test === 'held')
    const list = of.map(({ slot, ...rest }) => (held ? SLOTS[slot] : factOf({ slot, ...rest })))
    if (held) return [`was at ${need} or more of these ${of.length}: ${list.join(', ')}`]
    return [need === 1 ? list.join(' or ') : `at least ${need} of these: ${list.join('; ')}`]
  })
}

/** What is not learned, for people. */
export function secretsOf(question: Question): readonly string[] {
  const slots = slotsOf(question)
  const { reveal, groups } = question
  const known = new Set([
    ...reveal,
    ...groups.flatMap(({ need, of }) =>
      need === 'all'
        ? of.flatMap(({ slot, claim, test }) => (test === 'is' ? [`${slot}.${claim}`] : []))
        : [],
    ),
  ])
  const hidden = slots
    .filter((slot) => !slot.startsWith('con'))
    .flatMap((slot) =>
      KINDS[kindOf(slot)].fields
        .filter(({ claim }) => !known.has(`${slot}.${claim}`))
        .map(({ claim }) => nounOf(slot, claim)),
    )
  const choice = groups.some(({ need, of }) => need !== 'all' && need < of.length)
  return [
    ...hidden,
    ...(slots.some((slot) => officesOf(slot).length > 1) ? ['which university'] : []),
    ...(choice ? ['which of the choices hold'] : []),
    'anything else this person holds',
    'where else this person proves something',
  ]
}

function sayOf(o: {
  viewer: Viewer
  question: Question
  office: string | undefined
}): Pick<Sight, 'can' | 'cannot'> {
  const { viewer, question, office } = o
  switch (viewer) {
    case 'you':
      return { can: 'All of it is yours, and stays in this page.', cannot: '' }
    case 'asker':
      return {
        can: `“Somebody ${list([...factsOf(question), ...question.reveal.map(revealText)])}.”`,
        cannot: `Not ${secretsOf(question).join(', nor ')}.`,
      }
    case 'issuer':
      return {
        can: `${office ? `${officeOf(office).name} knows` : 'An issuer knows'} what it attested, as before.`,
        cannot:
          'Not that you used it, nor when, nor for whom, nor what else you hold. It never saw your Soul: only a blinded number made for this one SBT.',
      }
    case 'others':
      return {
        can: 'Whoever sees the proof, or two askers who compare notes, sees one number that is different at every asker.',
        cannot: 'Not that the same person was at both.',
      }
  }
}

/** That a claim is revealed, in words. */
function revealText(name: string): string {
  const [slot, claim] = name.split('.') as [Slot, string]
  return `shows ${nounOf(slot, claim)}`
}

/** "a, b and c" */
export function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
