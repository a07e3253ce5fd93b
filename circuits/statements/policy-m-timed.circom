pragma circom 2.2.0;

include "../lib/domains.circom";
include "../lib/policy.circom";

component main {
    public [
        reveal, handle, nullifier, policyDigest, scope, message, now, verifierKey, verifierKey2, anchorsRoot, P
    ]
} = Policy(PROFILE_POLICY_M_TIMED(), 4, 0, 1, 12, 6, 3, 2, 1);
