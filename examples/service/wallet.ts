/*
 * A wallet that claims at the verifier service. It sends the same claim until it is told what became of it: whatever fails on
 * the way, its nullifier is spent for its own message or not at all.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Group } from 'soulproof/merkle'
import type { Prover } from 'soulproof/prover'
import { readGateOffer } from 'soulproof/server/wallet'
import type { Soul } from 'soulproof/soul'

/** Returns the id of the claim, or undefined if the Soul has claimed for somebody else. */
export async function claim(o: {
  readonly service: string
  readonly audience: string
  readonly prover: Prover
  readonly soul: Soul
  readonly group: Group
  readonly recipient: string
}): Promise<string | undefined> {
  const { service, audience, prover, soul, group, recipient } = o
  const { gates } = (await (await fetch(`${service}/v1/gates`)).json()) as { gates: { gate: string }[] }
  const offer = gates.find(({ gate }) => gate === 'drop')
  const { scope } = readGateOffer({ offer, audience, now: BigInt(Math.floor(Date.now() / 1000)) })
  const envelope = await prover.prove({ statement: 'membership', scope, message: recipient, soul, group })

  const body = JSON.stringify({ envelope, message: recipient })
  for (let pause = 100; ; pause = Math.min(2 * pause, 10_000)) {
    const response = await fetch(`${service}/v1/gates/drop/proofs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).catch(() => undefined)
    if (response?.status === 200 || response?.status === 201)
      return ((await response.json()) as { claim: string }).claim
    if (response?.status === 409) return undefined
    // A broken connection, 429 or 503: the same again. Anything else does not change by asking.
    if (response && ![429, 503].includes(response.status))
      throw new Error(`the service answers ${response.status}`)
    await sleep(pause)
  }
}
