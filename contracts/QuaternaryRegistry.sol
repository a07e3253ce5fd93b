// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPoseidon4} from "./IPoseidon.sol";

/// @title A registry of issued SBTs, whose leaves and tree are on chain: the quaternary tree that provers open
/// @notice A leaf counts at once in `leafAt` and in the events; the root follows by `commit`, which anybody can call, for one leaf or for many
/// together, where they share most of the work. A root is always that of all leaves up to some write, so that anybody can rebuild its tree.
/// @dev Nodes of all-zero subtrees are not stored.
abstract contract QuaternaryRegistry {
    /// @notice Levels of the tree.
    uint256 public constant DEPTH = 10;

    /// @notice Most leaves: 4^10.
    uint256 public constant CAPACITY = 1 << (2 * DEPTH);

    /// @notice Poseidon of four inputs.
    IPoseidon4 public immutable nodeHasher;

    /// @dev By level in the bits from 20 on and position below; the leaves are level 0.
    mapping(uint256 place => uint256) private _nodes;

    /// @dev Positions of leaves in the order in which they were written, eight to a word.
    mapping(uint256 word => uint256) private _written;

    /// @notice Root of the leaves after the last writes that were committed; `pending` tells how many came since.
    uint256 public root;

    uint64 private _size;
    uint64 private _writes;
    uint64 private _committed;

    /// @notice A leaf was written; 0 revokes it.
    /// @param write number of the write, from 0
    event LeafWritten(uint256 indexed write, uint256 indexed index, uint256 leaf);

    /// @notice The root is now that of the leaves after so many writes, all that there are.
    event RootCommitted(uint256 indexed root, uint256 writes);

    error QuaternaryRegistry__HasherInvalid();
    error QuaternaryRegistry__Full();
    error QuaternaryRegistry__NothingToCommit();

    constructor(IPoseidon4 hasher) {
        if (hasher.poseidon([uint256(0), 0, 0, 0]) != _zero(1)) revert QuaternaryRegistry__HasherInvalid();
        nodeHasher = hasher;
        root = _zero(DEPTH);
    }

    /// @notice Returns how many leaves there are, the revoked ones included.
    function size() public view returns (uint256) {
        return _size;
    }

    /// @notice Returns how many leaves were written, again or for the first time.
    function writes() external view returns (uint256) {
        return _writes;
    }

    /// @notice Returns how many writes the root does not have yet.
    function pending() external view returns (uint256) {
        return _writes - _committed;
    }

    /// @notice Returns the leaf at an index; 0 if it is revoked or there is none.
    function leafAt(uint256 index) public view returns (uint256) {
        return _nodes[index];
    }

    /// @notice Brings the next writes into the tree, and all of them into the root when none is left. A part of them
    /// is for when all do not fit in a block.
    /// @param most how many writes, if there are so many
    function commit(uint256 most) external {
        uint256 from = _committed;
        uint256 count = _writes - from;
        if (most < count) count = most;
        if (count == 0) revert QuaternaryRegistry__NothingToCommit();
        _committed = uint64(from + count);
        uint256[] memory positions = new uint256[](count);
        for (uint256 i = 0; i < count; i++) positions[i] = _positionOf(from + i);
        // Level by level: a node is hashed when all of its children are done. Neighbours that share a parent hash it once.
        for (uint256 level = 0; level < DEPTH; level++) {
            uint256 kept = 0;
            for (uint256 i = 0; i < count; i++) {
                uint256 parent = positions[i] >> 2;
                if (kept > 0 && positions[kept - 1] == parent) continue;
                positions[kept++] = parent;
                uint256 first = parent << 2;
                _nodes[((level + 1) << 20) | parent] = nodeHasher.poseidon(
                    [_node(level, first), _node(level, first + 1), _node(level, first + 2), _node(level, first + 3)]
                );
            }
            count = kept;
        }
        // Until then nodes mix leaves of different times.
        if (_committed == _writes) {
            root = _node(DEPTH, 0);
            emit RootCommitted(root, _committed);
        }
    }

    /// @dev Appends a leaf and returns its index. Whoever calls has made sure that it is a field element other than 0.
    function _append(uint256 leaf) internal returns (uint256 index) {
        index = _size;
        if (index >= CAPACITY) revert QuaternaryRegistry__Full();
        _size = uint64(index + 1);
        _write(index, leaf);
    }

    /// @dev Makes the leaf 0.
    function _revoke(uint256 index) internal {
        _write(index, 0);
    }

    function _write(uint256 index, uint256 leaf) private {
        uint256 write = _writes;
        _nodes[index] = leaf;
        _written[write >> 3] |= index << (32 * (write & 7));
        _writes = uint64(write + 1);
        emit LeafWritten(write, index, leaf);
    }

    function _positionOf(uint256 write) private view returns (uint256) {
        return (_written[write >> 3] >> (32 * (write & 7))) & 0xffffffff;
    }

    function _node(uint256 level, uint256 position) private view returns (uint256) {
        uint256 node = _nodes[(level << 20) | position];
        return node == 0 ? _zero(level) : node;
    }

    /// @dev Root of the all-zero subtree of this height.
    function _zero(uint256 level) private pure returns (uint256) {
        if (level == 0) return 0;
        if (level == 1) return 2351654555892372227640888372176282444150254868378439619268573230312091195718;
        if (level == 2) return 13867732332339151465497925642082178974038372652152621168903203076445231043372;
        if (level == 3) return 12482638920258770416445069396084160696706909713694235655126678204295434816978;
        if (level == 4) return 7166733538749145097044835779501529184583030407883999216862943858482812218900;
        if (level == 5) return 8105111289764799261118761045803039859349056024712051667352901171623997110135;
        if (level == 6) return 12848805869306190323636404927060402794679102677145469772979902111093008224192;
        if (level == 7) return 19558787758992270753559504143061140356952449644512620323370068802764968601369;
        if (level == 8) return 12390767703375336354386586159705861191789202938804190201641874256578171062369;
        if (level == 9) return 3137401155887568054342462681996579107920888172758509452834253176053621234802;
        return 17246586734894168265112266963200606530710644744521791774170567941230295667185;
    }
}
