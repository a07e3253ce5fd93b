pragma circom 2.2.3;

include "../../circuits/lib/poseidon.circom";

/**
 * The prover knows a secret whose Poseidon hash with the salt is the digest; the context is bound only.
 *
 * @input  secret   free
 * @input  salt     free, public
 * @input  context  free, public
 * @output digest   Poseidon(secret, salt)
 */
template Preimage() {
  signal input secret;
  signal input salt;
  signal input context;
  signal output digest;

  digest <== Poseidon(2)([secret, salt]);
  // No other constraint has the context: without this one, anybody could change it.
  signal contextSquared <== context * context;
}

component main {public [salt, context]} = Preimage();
