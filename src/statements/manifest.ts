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
      sourceHash: '0x37fe7584249fb3eaa55c5b38f3951eae83f0d0ce66dd191ba348bdafa17447af',
      constraints: 97604,
      wires: 98004,
      publicSignals: 15,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x97dbb57e0ba858583506b1facabfb3b4f0bf9b1c29256511257a38369f58030f',
      artifacts: {
        'policy-l.wasm': {
          bytes: 12320363,
          sha256: '81e1ce420b42988c9dc1a9039706fbc8e025b5be2fbb4855a08aa70a5cfd518f',
        },
        'policy-l.zkey': {
          bytes: 107968400,
          sha256: '93860d9b372b8400b8a8ffbf991ee1441c025fcee04bb86c06d3cd8c0e79b231',
        },
        'policy-l.r1cs': {
          bytes: 66616180,
          sha256: '2d94167233f225b78a4678f9f9519f2049a7ef03510262ad096cbc95edd1553f',
        },
        'policy-l.sym': {
          bytes: 28731227,
          sha256: '2c88fca1664eb5bca67bb5ad2a01fea093df701dafc93fc8aebc2c01b12300db',
        },
        'policy-l.vkey.json': {
          bytes: 5902,
          sha256: '13fb207a71f4c33ecb7d04224a3fe7403a13a16feea6aa2f4046ec7958911446',
        },
      },
    },
    'policy-m': {
      sourceHash: '0xd455fac91912ec124b23c1967f42174fc00d1fe61185f67b5d8edd121f0c732f',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7367317,
          sha256: '9320979719c82d43ed2cc175b622d29fa08f189a3d5922c6588386502a9bd741',
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
          sha256: '0778234b16a4df6a7d2bb8f1fd810e5e7d692cff426c5f50cf12400831f52261',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-s': {
      sourceHash: '0xfdf257da8dded8a24535f49a27659cd9f0525085cfec043683cb668bf35a46ea',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 9038628,
          sha256: '7c9a87ea01691c0ac660f9973714d52345cedbd339f41ce78458d7edb6484f7b',
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
          sha256: '79ec70005c7f720a2ce46cce01beba1744d9ae42ddae6d3443d08ac0df05e181',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
