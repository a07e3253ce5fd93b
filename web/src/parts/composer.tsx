import { COUNTRIES, type Field, KINDS, type Kind } from '../model/offices.js'
import {
  type Condition,
  EXAMPLES,
  type Example,
  fieldOf,
  forcedSlots,
  type Group,
  kindOf,
  type Place,
  type Question,
  SLOTS,
  type Slot,
  TEST_WORDS,
  type Test,
  testsOf,
} from '../model/question.js'
import { sayReason } from '../model/words.js'
import { Chips } from './chips.js'

/** Why a condition does not hold, by its place. */
export type Failures = readonly { readonly place: Place; readonly reason: string }[]

/** What a claim is first compared with. */
const VALUES: Readonly<Record<string, string>> = {
  country: 'CA',
  birthDate: '18',
  major: 'economics',
  followers: '50000',
  year: '2015',
  talks: '3',
  name: 'Ana Reyes',
  handle: '@ana',
}

/** A question as a form: examples, groups of conditions, what is shown. */
export function Composer(o: {
  question: Question
  setQuestion(question: Question): void
  failures: Failures
}) {
  const { question, setQuestion, failures } = o
  const example = EXAMPLES.find((one) => one.question === question)
  const setGroup = (at: number, group: Group | undefined) => {
    const groups = question.groups.flatMap((one, i) => (i === at ? (group ? [group] : []) : [one]))
    const forced = forcedSlots({ groups })
    const reveal = question.reveal.filter((name) => forced.includes(name.split('.')[0] as Slot))
    setQuestion({ ...question, groups, reveal })
  }
  return (
    <div className="composer">
      <Chips
        label="Examples"
        options={EXAMPLES.map(({ key, title }) => [key, title] as const)}
        value={example?.key}
        onChoose={(key) => setQuestion((EXAMPLES.find((one) => one.key === key) as Example).question)}
      />
      <p className="asker">
        <label>
          <span className="sr">Who asks</span>
          <input
            maxLength={60}
            value={question.asker}
            onChange={({ target }) => setQuestion({ ...question, asker: target.value })}
          />
        </label>{' '}
        asks, for{' '}
        <label>
          <span className="sr">What for</span>
          <input
            maxLength={60}
            value={question.purpose}
            onChange={({ target }) => setQuestion({ ...question, purpose: target.value })}
          />
        </label>
      </p>
      {question.groups.map((group, g) => (
        <GroupForm
          // Groups have no identity but their place.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          key={g}
          {...{ group, failures: failures.filter(({ place }) => place[0] === g) }}
          setGroup={(next) => setGroup(g, next)}
        />
      ))}
      <div className="buttons">
        <button
          type="button"
          className="quiet"
          onClick={() =>
            setQuestion({
              ...question,
              groups: [
                ...question.groups,
                {
                  need: 1,
                  of: [
                    { slot: 'degree', test: 'held' },
                    { slot: 'account', claim: 'followers', test: 'moreThan', value: '1000' },
                  ],
                },
              ],
            })
          }
        >
          + Add a choice
        </button>
      </div>
      <p className="once">… and nobody twice: each Soul once for this purpose.</p>
      <RevealForm {...{ question, setQuestion }} />
    </div>
  )
}

function GroupForm(o: { group: Group; failures: Failures; setGroup(group: Group | undefined): void }) {
  const { group, failures, setGroup } = o
  const set = (at: number, condition: Condition | undefined) => {
    const of = group.of.flatMap((one, i) => (i === at ? (condition ? [condition] : []) : [one]))
    setGroup(of.length === 0 ? undefined : { ...group, of })
  }
  return (
    <fieldset className="group">
      <legend>
        <label>
          <span className="sr">How many of these must hold</span>
          <select
            value={`${group.need}`}
            onChange={({ target }) =>
              setGroup({ ...group, need: target.value === 'all' ? 'all' : Number(target.value) })
            }
          >
            <option value="all">All of these</option>
            {group.of.slice(1).map(({ slot, claim }, i) => (
              <option key={`${slot}${claim}`} value={i + 1}>
                At least {i + 1} of these {group.of.length}
              </option>
            ))}
          </select>
        </label>
      </legend>
      <ul className="conditions">
        {group.of.map((condition, c) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity but their place
          <li key={c}>
            <ConditionForm condition={condition} setCondition={(next) => set(c, next)} />
            {failures
              .filter(({ place }) => place[1] === c)
              .map(({ reason }) => (
                <p key={reason} className="why">
                  {sayReason(reason)}
                </p>
              ))}
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="quiet"
        onClick={() =>
          setGroup({
            ...group,
            of: [...group.of, { slot: 'passport', claim: 'country', test: 'is', value: 'CA' }],
          })
        }
      >
        + Add a condition
      </button>
    </fieldset>
  )
}

function ConditionForm(o: { condition: Condition; setCondition(condition: Condition | undefined): void }) {
  const { condition, setCondition } = o
  const { slot, claim, test, value } = condition
  const field = fieldOf(slot, claim)
  const choose = (name: string) => {
    const [nextSlot, nextClaim] = name.split('.') as [Slot, string | undefined]
    const [nextTest = 'held'] = testsOf(fieldOf(nextSlot, nextClaim))
    setCondition({
      ...{ slot: nextSlot, test: nextTest },
      ...(nextClaim && { claim: nextClaim, value: VALUES[nextClaim] ?? '' }),
    })
  }
  return (
    <span className="condition">
      <select
        aria-label="About"
        value={claim ? `${slot}.${claim}` : slot}
        onChange={({ target }) => choose(target.value)}
      >
        {(Object.keys(SLOTS) as Slot[]).map((one) => (
          <optgroup key={one} label={SLOTS[one]}>
            <option value={one}>{SLOTS[one]}</option>
            {KINDS[kindOf(one) as Kind].fields.map((each) => (
              <option key={each.claim} value={`${one}.${each.claim}`}>
                {one.startsWith('con') ? `${SLOTS[one]}: ${each.label.toLowerCase()}` : each.label}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      {field === undefined ? (
        <span className="is">is held</span>
      ) : (
        <>
          {testsOf(field).length === 1 ? (
            <span className="is">{TEST_WORDS[test]}</span>
          ) : (
            <select
              aria-label="Test"
              value={test}
              onChange={({ target }) => setCondition({ ...condition, test: target.value as Test })}
            >
              {testsOf(field).map((one) => (
                <option key={one} value={one}>
                  {TEST_WORDS[one]}
                </option>
              ))}
            </select>
          )}
          <ValueForm
            {...{ field, test, value: value ?? '' }}
            setValue={(text) => setCondition({ ...condition, value: text })}
          />
          {test === 'older' && <span className="is">years ago</span>}
        </>
      )}
      <button
        type="button"
        className="quiet remove"
        aria-label="Remove this condition"
        onClick={() => setCondition(undefined)}
      >
        ×
      </button>
    </span>
  )
}

function ValueForm(o: { field: Field; test: Test; value: string; setValue(value: string): void }) {
  const { field, test, value, setValue } = o
  if (field.type === 'country' && test !== 'oneOf') {
    return (
      <select aria-label="Value" value={value} onChange={({ target }) => setValue(target.value)}>
        {Object.entries(COUNTRIES).map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    )
  }
  return (
    <input
      aria-label="Value"
      maxLength={120}
      size={Math.max(4, value.length)}
      value={value}
      inputMode={field.type === 'number' || test === 'older' ? 'numeric' : 'text'}
      onChange={({ target }) => setValue(target.value)}
    />
  )
}

function RevealForm({
  question,
  setQuestion,
}: {
  question: Question
  setQuestion(question: Question): void
}) {
  const names = forcedSlots(question).flatMap((slot) =>
    KINDS[kindOf(slot)].fields.map(({ claim, label }) => ({
      name: `${slot}.${claim}`,
      label: `${SLOTS[slot]}: ${label.toLowerCase()}`,
    })),
  )
  if (names.length === 0) return null
  const toggle = (name: string, on: boolean) => {
    const reveal = on ? [...question.reveal, name] : question.reveal.filter((one) => one !== name)
    setQuestion({ ...question, reveal })
  }
  return (
    <details className="reveals">
      <summary>
        And shows{' '}
        {question.reveal.length === 0
          ? 'nothing'
          : question.reveal.map((name) => names.find((one) => one.name === name)?.label).join(', ')}
      </summary>
      <ul>
        {names.map(({ name, label }) => {
          const on = question.reveal.includes(name)
          return (
            <li key={name}>
              <label>
                <input
                  type="checkbox"
                  checked={on}
                  disabled={!on && question.reveal.length >= 2}
                  onChange={({ target }) => toggle(name, target.checked)}
                />{' '}
                {label}
              </label>
            </li>
          )
        })}
      </ul>
    </details>
  )
}
