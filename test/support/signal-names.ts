/** Names of the public signals of policy statements with two reveals, in circuit order: frozen by the protocol. */
export const POLICY_SIGNAL_NAMES = [
  'reveal[0]',
  'reveal[1]',
  'handle',
  'nullifier',
  'policyDigest',
  'scope',
  'message',
  'now',
  'verifierKey',
  'verifierKey2',
  'anchorsRoot',
] as const
