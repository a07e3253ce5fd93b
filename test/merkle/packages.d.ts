// Types of packages that TypeScript does not find by itself: their own declarations do not follow Node's resolution.

declare module '@semaphore-protocol/core' {
  export { Group } from '@semaphore-protocol/group'
  export { Identity } from '@semaphore-protocol/identity'
  export function packGroth16Proof(proof: unknown): string[]
  export function verifyProof(proof: {
    merkleTreeDepth: number
    merkleTreeRoot: string
    nullifier: string
    message: string
    scope: string
    points: string[]
  }): Promise<boolean>
}

declare module '@zk-kit/incremental-merkle-tree' {
  export class IncrementalMerkleTree {
    constructor(
      hash: (children: bigint[]) => bigint,
      depth: number,
      zeroValue: bigint,
      arity: number,
      leaves: bigint[],
    )
    readonly root: bigint
    insert(leaf: bigint): void
    delete(index: number): void
    createProof(index: number): {
      root: bigint
      leaf: bigint
      pathIndices: number[]
      siblings: bigint[][]
    }
  }
}
