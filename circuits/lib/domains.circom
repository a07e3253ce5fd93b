pragma circom 2.2.0;

/**
 * Domain tags: the first input of every hash. The same numbers as `src/crypto/domains.ts`, by a test: the ASCII text
 * in the comment read as a big-endian number.
 */
function DOMAIN_HOLDER() { return 10055840307604916464369721923006910744899377; } // soulproof/holder/1
function DOMAIN_SBT() { return 599374789452845839522464437007298353; } // soulproof/sbt/1
function DOMAIN_KEY_TYPE() { return 659019550399195805408934152799334590198910103345; } // soulproof/type/key/1
function DOMAIN_CONTRACT_TYPE() { return 724599658595627450606528535677595882321670305787858778337073; } // soulproof/type/contract/1
function DOMAIN_REGISTERED() { return 43189505254961696303279907994666233059373159834464049; } // soulproof/registered/1
function DOMAIN_ANCHOR() { return 10055840307604916464369721418312399245684529; } // soulproof/anchor/1
function DOMAIN_NULLIFIER() { return 185497512600480627355271297137246826643164890227704689616236337; } // soulproof/nullifier/soul/1
function DOMAIN_PERSONAL_NULLIFIER() { return 47487363225723040602949452067135187620650211898287893557648633649; } // soulproof/nullifier/claim/1
function DOMAIN_DESIGNATED_NULLIFIER() { return 3112131836360985188954895290671771655906932286966490761904554996281137; } // soulproof/nullifier/soul/dv/1
function DOMAIN_DESIGNATED_PERSONAL_NULLIFIER() { return 796705750108412208372453194411973543912174665463346020401679579697524529; } // soulproof/nullifier/claim/dv/1
function DOMAIN_DESIGNATED_SCOPE() { return 185497512600480627355271303689986624951123798393583989205263716; } // soulproof/scope/designated
function DOMAIN_HANDLE() { return 10055840307604916464369721919068460210794289; } // soulproof/handle/1
function DOMAIN_INTERVAL() { return 659019550399195805408934100650677397912615137073; } // soulproof/interval/1
function DOMAIN_POLICY() { return 10055840307604916464369722499467684490063665; } // soulproof/policy/1

/** Names of the policy profiles with their versions, in the same writing; see `src/policy/profiles.ts`. */
function PROFILE_POLICY_S() { return 530960446557982779715377; } // policy-s/1
function PROFILE_POLICY_M() { return 530960446557982779322161; } // policy-m/1
