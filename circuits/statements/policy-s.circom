pragma circom 2.2.0;

include "../lib/domains.circom";
include "../lib/policy.circom";

component main {
    public [
        reveal, handle, nullifier, policyDigest, scope, message, now, verifierKey, verifierKey2, anchorsRoot
    ]
} = Policy(PROFILE_POLICY_S(), 1, 0, 0, 8, 4, 2, 2, 0);
