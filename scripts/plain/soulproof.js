/** All of what pages use, for pages without a bundler. */
export * from 'soulproof/merkle'
export * from 'soulproof/policy'
export * from 'soulproof/prover'
export * from 'soulproof/sbt'
export * from 'soulproof/soul'
export * from 'soulproof/verifier'
