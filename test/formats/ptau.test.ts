import assert from 'node:assert/strict'
import { ArtifactError } from '../../src/errors.js'
import { openPtau, PTAU_SECTION } from '../../src/formats/ptau.js'
import { readSections, writeSections } from '../../src/formats/sections.js'
import { readTestPhase1 } from '../support/phase1.js'

describe('formats: .ptau', () => {
  let bytes: Uint8Array
  before(async () => {
    bytes = await readTestPhase1(8)
  })
  const edit = (change: (sections: Map<number, Uint8Array>) => void): Uint8Array => {
    const sections = new Map(readSections({ bytes, magic: 'ptau', version: 1, label: 'test' }))
    change(sections)
    return writeSections({ magic: 'ptau', version: 1, sections: [...sections] })
  }

  it('opens what snarkjs prepared', () => {
    assert.equal(openPtau(bytes).power, 8)
  })

  it('refuses files that are truncated anywhere, or not prepared', () => {
    for (let length = 0; length < bytes.length; length += 4999) {
      assert.throws(() => openPtau(bytes.subarray(0, length)), ArtifactError)
    }
    const raw = edit((sections) => {
      for (const type of [12, 13, 14, 15]) sections.delete(type)
    })
    assert.throws(() => openPtau(raw), /not prepared for phase 2/)
  })

  it('refuses a section of another length, a missing one, an impossible power and another curve', () => {
    for (const type of Object.values(PTAU_SECTION)) {
      assert.throws(
        () => openPtau(edit((sections) => sections.set(type, sections.get(type)!.subarray(1)))),
        ArtifactError,
      )
      assert.throws(() => openPtau(edit((sections) => sections.delete(type))), ArtifactError)
    }
    const header = (offset: number, value: number) =>
      edit((sections) => {
        const copy = sections.get(PTAU_SECTION.header)!.slice()
        copy[offset] = value
        sections.set(PTAU_SECTION.header, copy)
      })
    for (const power of [0, 29, 7, 9]) assert.throws(() => openPtau(header(36, power)), ArtifactError)
    assert.throws(() => openPtau(header(4, 0)), /not over BN254/)
  })
})
