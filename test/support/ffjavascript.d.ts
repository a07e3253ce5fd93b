// The part of ffjavascript that these tests use; the package has no types of its own.
declare module 'ffjavascript' {
  /** Byte offsets are addresses in `tm.memory`; numbers there are in Montgomery form, little-endian. */
  export interface Curve {
    readonly tm: {
      readonly memory: WebAssembly.Memory
      /** Word 0 is the address of free memory. */
      readonly u32: Uint32Array
      readonly instance: { readonly exports: Readonly<Record<string, (...args: number[]) => number>> }
      readonly pG1gen: number
      readonly pG2gen: number
    }
    readonly G1: { fromRprLEM(bytes: Uint8Array, offset: number): Uint8Array }
    readonly G2: { fromRprLEM(bytes: Uint8Array, offset: number): Uint8Array }
    readonly Gt: { toObject(value: Uint8Array): readonly (readonly (readonly bigint[])[])[] }
    pairing(p: Uint8Array, q: Uint8Array): Uint8Array
  }
  export function buildBn128(singleThread: true): Promise<Curve>
}
