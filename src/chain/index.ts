/** Registries on chain: their trees rebuilt from events, and openings for wallets that do not say which. */
export { RegistryError } from '../errors.js'
export {
  type Checkpoint,
  type Cursor,
  createFileCursor,
  createMemoryCursor,
  type Follower,
  type FollowOptions,
  type Pass,
} from './follow.js'
export { createMemoryLog, openFileLog, type RegistryEvent, type RegistryLog } from './log.js'
export { poseidonTables } from './poseidon.js'
export { createRegistryIndexer, REGISTRY_ABI, type RegistryIndexer, type RegistryReport } from './registry.js'
export {
  BUCKET_SIZE,
  createRegistryHandler,
  type FetchOptions,
  fetchOpening,
  fetchRegistry,
} from './serve.js'
