/** Statements: what each circuit proves, its inputs, and its public signals. */
export { type Context, type ContextSignals, contextSignals } from './context.js'
