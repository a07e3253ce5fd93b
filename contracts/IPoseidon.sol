// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Poseidon of three inputs with circomlib's constants, as `poseidonContract` of the library writes it
interface IPoseidon3 {
    function poseidon(uint256[3] calldata inputs) external pure returns (uint256);
}

/// @title Poseidon of four inputs: `Poseidon4`
interface IPoseidon4 {
    function poseidon(uint256[4] calldata inputs) external view returns (uint256);
}

/// @title Poseidon of sixteen inputs: `Poseidon16`
interface IPoseidon16 {
    function poseidon(uint256[16] calldata inputs) external view returns (uint256);
}
