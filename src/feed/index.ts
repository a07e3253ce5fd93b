/** Feeds: roots of issuers that travel, signed and dated, and trees that follow them. */
export { FeedError, type FeedProblem } from '../errors.js'
export type { RootsJson } from '../policy/roots-json.js'
export { createFeedKey, type DeltaDigests, type FeedEntry, type FeedId, type FeedKey } from './entry.js'
export {
  checkEquivocation,
  type Equivocation,
  FEED_CLOCK_SKEW,
  type FeedHead,
  type FeedState,
  feedAnchors,
  feedHeadFromJson,
  findEquivocation,
  followFeed,
  openFeed,
  publishEntry,
} from './feed.js'
export { deltaDigest, followTree, type IssuerTrees, refreshHeld } from './trees.js'
