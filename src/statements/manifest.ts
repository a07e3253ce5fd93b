// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain: 'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1',
  statements: {
    'ledger-batch': {
      sourceHash: '0xfae6c59d85dac45fc9d11b8d8cec72608407171b137582ea705446af5e70df8a',
      constraints: 33441,
      wires: 33541,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xb1e2bf722a55a5537402dd9141fac1c8c50235eaebd7076dd765aa72abde3c1b',
      artifacts: {
        'ledger-batch.wasm': {
          bytes: 5575561,
          sha256: 'fdffa2d38838bc83d1511cb22bfc71e694e27c6b71cb4e643b2996c00a812a9d',
        },
        'ledger-batch.zkey': {
          bytes: 45435296,
          sha256: '515c9e73cc8eb2162241b01e2fa2a1a46e1b120a88c4c8281f6829e18465b24a',
        },
        'ledger-batch.r1cs': {
          bytes: 28830336,
          sha256: '027d94da92af8cf3640f58afdc293e796c66609e1ceeb44a354aca3e2e89f641',
        },
        'ledger-batch.sym': {
          bytes: 12652436,
          sha256: 'cf2c64c049aa57ac4261adfe900f7871cce2c853b064b5009ddba02a74c19647',
        },
        'ledger-batch.vkey.json': {
          bytes: 4129,
          sha256: '2ba362eac96d573276f854802918a3f12d3ad2bfefe8ef9ccdddbc7f00814131',
        },
      },
    },
    'ledger-history': {
      sourceHash: '0x95d38fcf294711b93a835c563b21a0bf0cde9e2628ce822873d76583cb81fc46',
      constraints: 27166,
      wires: 27009,
      publicSignals: 13,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x2eddf2060e797c52e9eb9d154274941f349b7c2c014c565dbae4cbfdc9a661b2',
      artifacts: {
        'ledger-history.wasm': {
          bytes: 6651190,
          sha256: '593a6bbf26e5c6d41725d1c8a2a8be1580ea4ad0b8c2d6ead009968da1280479',
        },
        'ledger-history.zkey': {
          bytes: 20283884,
          sha256: '5db8443b5d3e79797eabfee09f21c082e4ffd927642883f642d427fda67e35bc',
        },
        'ledger-history.r1cs': {
          bytes: 11472172,
          sha256: '15f5d6740364c8c5a1a840929af0ba90cd9b27e650bc884b0c1c4ff4e271702b',
        },
        'ledger-history.sym': {
          bytes: 5641768,
          sha256: '17f9ebf03283549aef283a9d6518b1f669dd219567d918b79d6e81e9711a7c60',
        },
        'ledger-history.vkey.json': {
          bytes: 5504,
          sha256: 'e178da6a6f835f3e9eb94d2166827b22d19e7246d9da06f33d89c9f577244118',
        },
      },
    },
    membership: {
      sourceHash: '0x32994229531aa8650cde5aed011d04509409556ff56342f5b30cf89f54299ab5',
      constraints: 6662,
      wires: 6609,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd0bbf321e797f6a6143c3a1ad463f4183290e9b659090979e8651d08b4151a5e',
      artifacts: {
        'membership.wasm': {
          bytes: 2978387,
          sha256: 'e5e038820f506f43b2743ea420f5a41888e91156f97c0edb230bc149bfdf9f80',
        },
        'membership.zkey': {
          bytes: 4107128,
          sha256: '7ed1b9b4f870cfed11b300a47551d50d96fcfb3fce5862e1e2405d4158faab86',
        },
        'membership.r1cs': {
          bytes: 3080968,
          sha256: '416827b1bca4793f745da2620be31bd82d4009c862da7982f805c40d4600fefb',
        },
        'membership.sym': {
          bytes: 1705257,
          sha256: 'ce3d814ec4601ecd38c636b865efff3de95f35bb9654c6231131e5596d555be7',
        },
        'membership.vkey.json': {
          bytes: 4132,
          sha256: '9b7c48a459b352b6d95e628fb731fdc89e9eb9b42fbf7a57bdda36b29b858057',
        },
      },
    },
    'policy-l': {
      sourceHash: '0xd3da14ff60c048bcce68bb886e24c6f4f4a94d1f63c3462270de0ccaa9422b3b',
      constraints: 97606,
      wires: 98006,
      publicSignals: 15,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xa33f91d2533345e48e553326c081dbb1bcd22df17fcf7d4371b3a3cfe098ff25',
      artifacts: {
        'policy-l.wasm': {
          bytes: 12320628,
          sha256: '84f9041e2ddb8918b3aaa1df1548d0879d235523d5a7764b2469f1589cf8c8d7',
        },
        'policy-l.zkey': {
          bytes: 107969304,
          sha256: 'e16fa61c5db39528f27941248604c4f402f4b70c74d9124881d4c4de3f94425c',
        },
        'policy-l.r1cs': {
          bytes: 66616580,
          sha256: 'ac41d9e7eb5a5d4bed222dca3905da887b5259fc86fa46024f3542003348915a',
        },
        'policy-l.sym': {
          bytes: 28704811,
          sha256: '0aacc7ba5857b1de49823a5a8e38ae86486d9f7c29ebd9af986153d91ba004de',
        },
        'policy-l.vkey.json': {
          bytes: 5902,
          sha256: 'e8ab18c28015c2832a9d21ec3f0e11066d5813b0098d9747c15a57f880d153cf',
        },
      },
    },
    'policy-m': {
      sourceHash: '0x68ef1e7a2d937f0ae15a5ea9826d20a509d7ffbc7ca91c99c8fd9198e6bd0d82',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7367365,
          sha256: '06c1004ad934aa4de64e9d5fe9d99a5e27a30e4c43aca47c6e2144f80c4acdee',
        },
        'policy-m.zkey': {
          bytes: 49311616,
          sha256: '2191d6b8c17e0b9c26a0b5785584ee2bb735e60faff8967e3f974d4956f77d2c',
        },
        'policy-m.r1cs': {
          bytes: 30122132,
          sha256: '085a879a6fe2f6ae448863b1cc75c04297fd6d629db89eb1c8238b3324a4db74',
        },
        'policy-m.sym': {
          bytes: 12760538,
          sha256: 'b736ec92a16df9fa478a70d846d9fa12d81423f1720adb5f36a941a5b1aff4a5',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-s': {
      sourceHash: '0xbfc97d7f82d6bf63981e33fa7e0cfbe0754fc71a96810aee6511e512f4653697',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 9038676,
          sha256: '7083440770e961adff8403b7df7ff58fd48a77798461ed7fe05c2d699d58494f',
        },
        'policy-s.zkey': {
          bytes: 12980392,
          sha256: '4af559a6d5851233b5dc54b91b39152f874d4c46de5f47e11c40a5f7e814c113',
        },
        'policy-s.r1cs': {
          bytes: 7879700,
          sha256: '4da3d4d1e86063826ce0e9008a0bfa97ab083a3bc2da9c150affa664df0842b3',
        },
        'policy-s.sym': {
          bytes: 3486367,
          sha256: '23342a7cc780c64a32027e1fb8141ae791e029a5cbfd8295dbbbf6f1e1bd1746',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
