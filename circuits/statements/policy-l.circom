pragma circom 2.2.0;

include "../lib/domains.circom";
include "../lib/policy.circom";

component main {
    public [
        reveal, handle, nullifier, policyDigest, scope, message, now, verifierKey, verifierKey2, anchorsRoot, ledgerRoot
    ]
} = Policy(PROFILE_POLICY_L(), 8, 2, 2, 16, 8, 3, 4, 0);
