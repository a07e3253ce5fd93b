declare module 'virtual:verifier-contracts' {
  import type { Abi, Hex } from 'viem'

  const contracts: Readonly<Record<string, { readonly abi: Abi; readonly bytecode: Hex }>>
  export default contracts
}
