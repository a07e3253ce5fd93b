import * as ToggleGroup from '@radix-ui/react-toggle-group'

/** A choice of one, by click or by arrow keys. */
export function Chips<Key extends string>(o: {
  label: string
  options: readonly (readonly [key: Key, name: string])[]
  /** Undefined: none of them. */
  value: Key | undefined
  onChoose(key: Key): void
}) {
  return (
    <ToggleGroup.Root
      type="single"
      className="chips"
      aria-label={o.label}
      value={o.value ?? ''}
      onValueChange={(key) => key && o.onChoose(key as Key)}
    >
      {o.options.map(([key, name]) => (
        <ToggleGroup.Item key={key} value={key} className="chip">
          {name}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
