import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { circomlibConstants, parametersOf, WIDTHS } from '../wire/constants.js'
import { writeAtomically } from './write.js'

/*
 * circuits/lib/poseidon.circom: Poseidon's permutation, a template for each width. circom's witness generators fill an array
 * of constants anew in each component that has it: circomlib's template, with a component for every round, does so some
 * seventy times a hash, this one once. The file is 1.6 MB of digits that follow from a few lines, so that it is written
 * where it is needed, and is in no clone and no package.
 */

// Raise it whenever the text changes: files of another version are written anew.
const VERSION = 1

const HEADER = `pragma circom 2.2.0;

// Written by src/setup/poseidon-circuit.ts, version ${VERSION}.
`

const FULL_ROUNDS = 8
const HALF = FULL_ROUNDS / 2

/** Path of the file that {@link writePoseidonCircuit} writes. */
export const POSEIDON_CIRCUIT = join(
  fileURLToPath(new URL('../..', import.meta.url)),
  'circuits',
  'lib',
  'poseidon.circom',
)

let written: Promise<unknown> | undefined

/** Writes circuits/lib/poseidon.circom of this package, unless it is there. Node only. */
export async function writePoseidonCircuit(): Promise<void> {
  written ??= readFile(POSEIDON_CIRCUIT, 'utf8')
    .catch(() => '')
    .then((text) => text.startsWith(HEADER) || writeAtomically(POSEIDON_CIRCUIT, poseidonCircuit()))
  await written
}

/**
 * Returns the text of circuits/lib/poseidon.circom: template `Poseidon(N)` for 1 to 16 inputs.
 *
 * Its constraint system is, row by row and wire by wire, that of circomlib's template of this name, hence keys are the same
 * for both. That is why S-boxes are components and the others signals, and why each linear step has signals of its
 * own: constraints of components come behind those of the template, and circom chooses which wires stay by their order.
 */
export function poseidonCircuit(): string {
  const cases = WIDTHS.map(
    (width) => `    component of${width - 1};
    if (N == ${width - 1}) {
        of${width - 1} = Poseidon${width - 1}();
        of${width - 1}.in <== inputs;
        out <== of${width - 1}.out;
    }
`,
  )
  return `${HEADER}
/** x^5, the S-box. */
template FifthPower() {
    signal output out;
    signal input in;
    signal square <== in * in;
    signal fourth <== square * square;
    out <== fourth * in;
}

${WIDTHS.map(permutation).join('\n')}
/** Poseidon of N field elements, 1 to 16. */
template Poseidon(N) {
    assert(N >= 1 && N <= 16);
    signal output out;
    signal input inputs[N];
${cases.join('')}}
`
}

/**
 * The permutation of a state of `width` elements, the first of them 0, and its first element. Of each linear step there are
 * the values before it, index 1, and after it, index 0.
 */
function permutation(width: number): string {
  const constants = circomlibConstants(width).map((value) => `0x${value.toString(16)}`)
  const partialRounds = parametersOf(width).partial.length
  let taken = 0
  const take = (count: number): string[] => {
    taken += count
    return constants.slice(taken - count, taken)
  }
  const declare = (name: string, length: number): string =>
    `var ${name}[${length}] = [${take(length).join(', ')}];`
  const square = (name: string): string =>
    `var ${name}[${width}][${width}] = [${Array.from({ length: width }, () => `[${take(width).join(', ')}]`).join(', ')}];`
  const all = (body: string, from = 0): string => `for (var j = ${from}; j < ${width}; j++) ${body}`
  const mix = (sum: string): string =>
    `for (var i = 0; i < ${width}; i++) {
            sum = 0;
            ${all(sum)}
            mixed[r][0][i] <== sum;
        }`
  const round = (o: { first: string; before: string; constant: string; sum: string }): string =>
    `        ${all(`{
            full[r][j] = FifthPower();
            if (r == ${o.first}) full[r][j].in <== ${o.before};
            else full[r][j].in <== mixed[r - 1][0][j];
        }`)}
        ${all('added[r + 1][1][j] <== full[r][j].out;')}
        ${all(`added[r + 1][0][j] <== added[r + 1][1][j] + ADDED[${o.constant} + j];`)}
        ${all('mixed[r][1][j] <== added[r + 1][0][j];')}
        ${mix(o.sum)}`
  return `template Poseidon${width - 1}() {
    signal output out;
    signal input in[${width - 1}];
    signal first;
    signal added[${FULL_ROUNDS}][2][${width}];
    signal mixed[${FULL_ROUNDS - 1}][2][${width}];
    signal lastSum;
    signal last[${width}];
    signal sparse[${partialRounds}][2][${width}];
    component full[${FULL_ROUNDS}][${width}];
    component partial[${partialRounds}];
    ${declare('ADDED', FULL_ROUNDS * width + partialRounds)}
    ${declare('SPARSE', (2 * width - 1) * partialRounds)}
    ${square('MATRIX')}
    ${square('LAST_MATRIX')}
    var sum;

    first <== 0;
    added[0][1][0] <== first;
    ${all('added[0][1][j] <== in[j - 1];', 1)}
    ${all('added[0][0][j] <== added[0][1][j] + ADDED[j];')}
    for (var r = 0; r < ${HALF}; r++) {
${round({
  first: '0',
  before: 'added[0][0][j]',
  constant: `${width} * (r + 1)`,
  sum: `{
                if (r == ${HALF - 1}) sum += LAST_MATRIX[j][i] * mixed[r][1][j];
                else sum += MATRIX[j][i] * mixed[r][1][j];
            }`,
})}
    }
    for (var k = 0; k < ${partialRounds}; k++) {
        partial[k] = FifthPower();
        if (k == 0) partial[k].in <== mixed[${HALF - 1}][0][0];
        else partial[k].in <== sparse[k - 1][0][0];
        sparse[k][1][0] <== partial[k].out + ADDED[${(HALF + 1) * width} + k];
        ${all(
          `{
            if (k == 0) sparse[k][1][j] <== mixed[${HALF - 1}][0][j];
            else sparse[k][1][j] <== sparse[k - 1][0][j];
        }`,
          1,
        )}
        sum = 0;
        ${all(`sum += SPARSE[${2 * width - 1} * k + j] * sparse[k][1][j];`)}
        sparse[k][0][0] <== sum;
        ${all(
          `sparse[k][0][j] <== sparse[k][1][j] + SPARSE[${2 * width - 1} * k + ${width - 1} + j] * sparse[k][1][0];`,
          1,
        )}
    }
    for (var r = ${HALF}; r < ${FULL_ROUNDS - 1}; r++) {
${round({
  first: `${HALF}`,
  before: `sparse[${partialRounds - 1}][0][j]`,
  constant: `${partialRounds} + ${width} * (r + 1)`,
  sum: 'sum += MATRIX[j][i] * mixed[r][1][j];',
})}
    }
    sum = 0;
    ${all(`{
        full[${FULL_ROUNDS - 1}][j] = FifthPower();
        full[${FULL_ROUNDS - 1}][j].in <== mixed[${FULL_ROUNDS - 2}][0][j];
        last[j] <== full[${FULL_ROUNDS - 1}][j].out;
        sum += MATRIX[j][0] * last[j];
    }`)}
    lastSum <== sum;
    out <== lastSum;
}
`
}
