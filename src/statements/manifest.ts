// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain:
    'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1, soulproof witness generator 1',
  statements: {
    'ledger-batch': {
      sourceHash: '0xd5e376f46f4db6cef6686e2cadbea417f232b29cd2991dc37500585da93de070',
      constraints: 33441,
      wires: 33541,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xb1e2bf722a55a5537402dd9141fac1c8c50235eaebd7076dd765aa72abde3c1b',
      artifacts: {
        'ledger-batch.wasm': {
          bytes: 5479796,
          sha256: 'b15dd227aceddb51947828f3363beb988a7a5fe7bbd4322ff4ea65a7c581f91b',
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
      sourceHash: '0x24bdb7daf786fbc724526c678e13fdff872dc8f5407f9e91c0db5bca46284f4b',
      constraints: 27166,
      wires: 27009,
      publicSignals: 13,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x2eddf2060e797c52e9eb9d154274941f349b7c2c014c565dbae4cbfdc9a661b2',
      artifacts: {
        'ledger-history.wasm': {
          bytes: 6546927,
          sha256: '5b3977d921863f0831be8a42257678223056d0e8e4eb5afa56cc6ef55b1badd7',
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
          sha256: 'c874fad719b595d031e3917e5f9d9a7b847d51582d26cb73bf20d2b48accf2f8',
        },
        'ledger-history.vkey.json': {
          bytes: 5504,
          sha256: 'e178da6a6f835f3e9eb94d2166827b22d19e7246d9da06f33d89c9f577244118',
        },
      },
    },
    membership: {
      sourceHash: '0xd0b7fe39d23ae818320f7b5b37abab82672e9b1162fdf360b898624cdc9910d8',
      constraints: 6662,
      wires: 6609,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd0bbf321e797f6a6143c3a1ad463f4183290e9b659090979e8651d08b4151a5e',
      artifacts: {
        'membership.wasm': {
          bytes: 2945751,
          sha256: '554d17cf4fe2e7641db59b62e20fb4f565c78bc3d1323a391bc08d32632dc252',
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
          sha256: 'b1a9707bbdde7cf6c096434b1661b2aeedb55815862ea2a786dfbbc391c9f4ae',
        },
        'membership.vkey.json': {
          bytes: 4132,
          sha256: '9b7c48a459b352b6d95e628fb731fdc89e9eb9b42fbf7a57bdda36b29b858057',
        },
      },
    },
    'policy-l': {
      sourceHash: '0x763ce258175eb3827ad0c173534835599b83e4c0fd23c45c7c1a5c1aba2633ea',
      constraints: 97606,
      wires: 98006,
      publicSignals: 15,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xa33f91d2533345e48e553326c081dbb1bcd22df17fcf7d4371b3a3cfe098ff25',
      artifacts: {
        'policy-l.wasm': {
          bytes: 12143842,
          sha256: '435ce65c6d831f9eb0d235c231ee348a4f7a9f22b89f79fdb828da21db5a50f2',
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
          sha256: '9e02d7eb4b157320064c60b7949973bd59cae849044138a6861dfdae1c135265',
        },
        'policy-l.vkey.json': {
          bytes: 5902,
          sha256: 'e8ab18c28015c2832a9d21ec3f0e11066d5813b0098d9747c15a57f880d153cf',
        },
      },
    },
    'policy-m': {
      sourceHash: '0xafa5efdcf93a38f6eb85533615a574d82101c3800fecbb867ca2a9e5a2670102',
      constraints: 45087,
      wires: 45242,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xd14142ff4719808725ed862c45d7ec73b2a78acecc015a561134b2a943651365',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7260082,
          sha256: '13dfdfbf1c8609d3936f07663f719ad81be51e1fa7aca3ee389a0fad52f7ece6',
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
          sha256: 'ce96da3026ea179759f55c1334b2c005d0f004a02ff3493207534907c98cc5cb',
        },
        'policy-m.vkey.json': {
          bytes: 5112,
          sha256: '74ed2c8ce1935084ce551df736893c2f7e153fed8ede73e04ef3b50419082ee5',
        },
      },
    },
    'policy-m-timed': {
      sourceHash: '0x91e858ee6ead3ec38fabb676e4c546ce4cc85f99647ffc4062ad004d7afc7f97',
      constraints: 45531,
      wires: 45686,
      publicSignals: 13,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xdc4bce1a24148abcdc3a31c296b0e8bac48e9c4181c2053b160967afe00323de',
      artifacts: {
        'policy-m-timed.wasm': {
          bytes: 7262255,
          sha256: 'b292d286b3fc84c9410c550e2d6668ded7a31238c47ff0d6f574755643d7bfa9',
        },
        'policy-m-timed.zkey': {
          bytes: 49307836,
          sha256: 'e775e465468115c863a686b4488979632cd89a5077c0f2a63ee13b38f6d3fb8b',
        },
        'policy-m-timed.r1cs': {
          bytes: 30041732,
          sha256: '1e6c8d4c859e967afd9a234242a9516b75f68120204ef7f83400e1af2f900e3c',
        },
        'policy-m-timed.sym': {
          bytes: 12747678,
          sha256: '46c024f3d82f824189204c4f42143e5949b761827e92bbfd14e75ad2b3c7dae8',
        },
        'policy-m-timed.vkey.json': {
          bytes: 5505,
          sha256: 'f1f52ef0dde14fdc46a8edc9a0ba662cc632ed79602a7d2907c0ad18cac3c387',
        },
      },
    },
    'policy-s': {
      sourceHash: '0x45024cfa6792b47a4f9a3611db557efc059779f12d6a5d971cfe01862c664e34',
      constraints: 12980,
      wires: 12932,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x8d81adc0748c447759b8223d078ceb90b3fda1fbba48dcabffa65694e2c5bf37',
      artifacts: {
        'policy-s.wasm': {
          bytes: 8910006,
          sha256: '8fcef889d5c9241e599aa7850296fc754d0517edc1bf7961c2128fb843431452',
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
          sha256: 'eca497e84a5145d75e88accef71a6c6654549402ea1c9ca87ee2a9a3d4649502',
        },
        'policy-s.vkey.json': {
          bytes: 5113,
          sha256: '7085b5657c5c24c681580f9d8973c8f57862f073d30dd63843aaff5211e94b62',
        },
      },
    },
  },
}
