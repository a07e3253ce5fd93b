// Written by scripts/build-circuits.ts; do not edit.
import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = {
  version: 1,
  toolchain: 'circom2 0.2.23, --r1cs, --wasm, --sym, --O2, soulproof circuit 1, soulproof development key 1',
  statements: {
    membership: {
      sourceHash: '0xbf9d668f8c1aa5a196ce8c520fcecce858ba3c005acdc806f245ac322209e439',
      constraints: 6659,
      wires: 6606,
      publicSignals: 6,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xf4312f86561f076a5bf4aa0dab98a81bc2ee5e86ba85d1c2b90df887e76552b5',
      artifacts: {
        'membership.wasm': {
          bytes: 2976122,
          sha256: '2b247257e76ee7e6b3bb1d57feca5686b2bb380e2c7bf368d48177895602b50a',
        },
        'membership.zkey': {
          bytes: 4105244,
          sha256: '6f5eb4293bc7fa078894904c7d2c0e68cb1458169d00f70e3fa5373000f15ede',
        },
        'membership.r1cs': {
          bytes: 3079972,
          sha256: '6eaf8ea3c1d1efcc46d58a5aadf0743e1a6329dd00a99693eb7148783b425129',
        },
        'membership.sym': {
          bytes: 1687962,
          sha256: '7e2415da8a684db2898b278eb0e41971503819fec72330d84cf647d55931d96e',
        },
        'membership.vkey.json': {
          bytes: 4132,
          sha256: '237290f94c6279977f1ef6634119686a45d4ba5cf8b7d86904333879560edc68',
        },
      },
    },
    'policy-m': {
      sourceHash: '0x0b30459af7a586d526d18936b7ae5c09c18a1f3788363d8fc56cc2009b427357',
      constraints: 45086,
      wires: 45241,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0xaff2b3ec5488e9f4ec4a4ca3ec40d5fbef7921802484d93532504d0bfa89f817',
      artifacts: {
        'policy-m.wasm': {
          bytes: 7365737,
          sha256: 'ad6ab4b07c8f6cc47c28172c143d3a8757e901b6b36a18e803a04583bfa46a94',
        },
        'policy-m.zkey': {
          bytes: 49311164,
          sha256: 'a16741d0a387906ee77898296a3e944593ef76c73a36e14194d55c22bfdc4f9a',
        },
        'policy-m.r1cs': {
          bytes: 30121860,
          sha256: '1d6314da681ec87fff2a996f06b5fc5665b002e2629ecf9730fef7776e888a1f',
        },
        'policy-m.sym': {
          bytes: 12736516,
          sha256: 'ff1b3b47cf25357002ddda17745966184fbb0759e43cd88d4b5d3fc7b5fb5c53',
        },
        'policy-m.vkey.json': {
          bytes: 5110,
          sha256: 'a025597cb4b0c97f56d4141fe1e2552d4c8d3d1bbee8e51bfbf0feb29c419a10',
        },
      },
    },
    'policy-s': {
      sourceHash: '0xcd5e6ba489296c7234a895f0f635c9857e771056031885aa4ef002fc2c3ba800',
      constraints: 12979,
      wires: 12931,
      publicSignals: 11,
      provenance: { kind: 'development' },
      verificationKeyHash: '0x482ab80895a566c7e1904fcb3952e273192dbdec2731c322b048be7aee9c8d46',
      artifacts: {
        'policy-s.wasm': {
          bytes: 9037048,
          sha256: '6b2bce81f35a2e09dee9a401bd12cc380480cca28373c3c1ed62931d9f779406',
        },
        'policy-s.zkey': {
          bytes: 12979940,
          sha256: 'ca2e468bb1bf719a792215f0a5ab0675fe33dc6ea938fd98423d75ce0cd5123f',
        },
        'policy-s.r1cs': {
          bytes: 7879428,
          sha256: '6114b77503b54bc093a63b38e47bb5b2b5689a4d1fe22a41ad5c56ec39224646',
        },
        'policy-s.sym': {
          bytes: 3463471,
          sha256: 'fbdddc1853109de8011a2a953838d20a2af8710217cc3974b5f0dae108cf04c4',
        },
        'policy-s.vkey.json': {
          bytes: 5115,
          sha256: '5f5384a557d3882b4798963e7071241b1de0e7dc3fa8cd5a4477c6cea9f90b87',
        },
      },
    },
  },
}
