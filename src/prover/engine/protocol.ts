/** What the host and its threads say to each other. */
import type { ArithmeticName } from '../../bn254/field.js'
import type { Task } from './calls.js'
import type { KeyLayout } from './key.js'

/** From host to thread, in the order in which they are sent. */
export type Order =
  | {
      readonly type: 'start'
      readonly module: WebAssembly.Module
      readonly arithmetic: ArithmeticName
      readonly constants: readonly { readonly address: number; readonly bytes: Uint8Array }[]
      /** First address behind constants, and length of the scratch memory that the module wants for each thread. */
      readonly end: number
      readonly scratchLength: number
      /** Number of this thread, and of all. */
      readonly thread: number
      readonly threads: number
      readonly shared: boolean
    }
  /** Place a key in a new memory, and send it on if others have their own. Tasks that bring it into form are for all threads. */
  | { readonly type: 'open'; readonly key: number; readonly zkey: Uint8Array }
  /** Use a memory that another thread made, or make one, which will be written. */
  | {
      readonly type: 'attach'
      readonly key: number
      readonly memory?: WebAssembly.Memory | undefined
      readonly layout: KeyLayout
    }
  /** Send the next piece of a key that was placed. */
  | { readonly type: 'more'; readonly key: number }
  /** Forget a key. */
  | { readonly type: 'close'; readonly key: number }
  /** A job begins. With shared memory, group g's next task is the counter g. */
  | { readonly type: 'job'; readonly job: number; readonly key: number; readonly counters?: Int32Array }
  /** Grow the memory to that many pages and write bytes into it. */
  | {
      readonly type: 'write'
      readonly key: number
      readonly pages: number
      readonly address: number
      readonly bytes: Uint8Array
    }
  /** Tasks of a job, from number `first` of the group on: to be shared by the counter, or all for this thread. */
  | {
      readonly type: 'group'
      readonly job: number
      readonly group: number
      readonly first: number
      readonly tasks: readonly Task[]
    }
  /** A job is over or given up: forget it, fill this thread's own memory with zeros, and answer. */
  | {
      readonly type: 'end'
      readonly job: number
      readonly wipe?: { readonly address: number; readonly length: number } | undefined
    }

/** From thread to host. */
export type Report =
  | {
      readonly type: 'opened'
      readonly key: number
      readonly memory?: WebAssembly.Memory
      readonly layout: KeyLayout
      readonly tasks: readonly Task[]
    }
  /** A key is placed, and follows in pieces for threads that have their own memory; `opened` comes after the last. */
  | { readonly type: 'placed'; readonly key: number; readonly layout: KeyLayout }
  | { readonly type: 'piece'; readonly key: number; readonly address: number; readonly bytes: Uint8Array }
  | { readonly type: 'refused'; readonly key: number; readonly artifact: boolean; readonly message: string }
  /** A task is done; `code` is not 0 if a function of it said so. */
  | {
      readonly type: 'done'
      readonly job: number
      readonly group: number
      readonly task: number
      readonly code: number
      readonly milliseconds: number
      readonly outputs: readonly { readonly address: number; readonly bytes: Uint8Array }[]
    }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'ended'; readonly job: number }
