// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IPolicyHub} from "../IPolicyHub.sol";
import {PolicyGate} from "../PolicyGate.sol";

/// @title Gives tokens that it holds to Souls, once each: the amount follows from the policy that a Soul satisfies
/// @notice A claim pays to the recipient that the Soul named in its proof, so that anybody may send it, and nobody can redirect it.
/// What is granted is released bit by bit, if the drop has a vesting period; neither a pause nor anybody's role stops that.
/// @dev All tiers share one topic, hence one nullifier: their policies must take it from the same secret, all from the Soul or all from
/// the same personal claim. `souldropTiers` of the deploy script checks that.
contract TieredSouldrop {
    using SafeERC20 for IERC20;

    /// @notice What a policy is worth.
    struct Tier {
        uint256 policyDigest;
        /// @dev In the token's smallest unit.
        uint128 amount;
    }

    /// @notice Immutable settings of a drop. All times are Unix seconds.
    struct Settings {
        IPolicyHub hub;
        IERC20 token;
        /// @dev From this time on there are no claims, put off by as long as the hub has been paused since creation.
        uint64 deadline;
        /// @dev Start and length of the linear release; a length of 0 pays at once.
        uint64 vestingStart;
        uint64 vestingSeconds;
        /// @dev Receives what nobody claimed.
        address treasury;
    }

    /// @notice What was granted on a nullifier.
    struct Grant {
        address recipient;
        uint128 amount;
        uint128 released;
    }

    /// @dev A Soul has one nullifier in this topic.
    uint256 private constant TOPIC = 0;

    IPolicyHub public immutable hub;
    IERC20 public immutable token;
    uint64 public immutable vestingStart;
    uint64 public immutable vestingSeconds;
    address public immutable treasury;
    uint256 private immutable _deadline;
    uint256 private immutable _pausedBefore;

    /// @notice Tiers by number.
    Tier[] public tiers;

    /// @notice Grants by nullifier.
    mapping(uint256 nullifier => Grant) public grants;

    /// @notice Tokens that were granted and are not yet released.
    uint256 public promised;

    event Granted(uint256 indexed nullifier, address indexed recipient, uint256 tier, uint256 amount);
    event Released(uint256 indexed nullifier, address indexed recipient, uint256 amount);

    error TieredSouldrop__SettingsInvalid();
    error TieredSouldrop__RecipientInvalid();
    error TieredSouldrop__Over();
    error TieredSouldrop__NotOver();
    error TieredSouldrop__TooFewTokens();
    error TieredSouldrop__Unknown();

    constructor(Settings memory settings, Tier[] memory tiers_) {
        if (
            address(settings.token).code.length == 0 || settings.treasury == address(0) || tiers_.length == 0
                || settings.deadline <= block.timestamp
        ) revert TieredSouldrop__SettingsInvalid();
        hub = settings.hub;
        token = settings.token;
        vestingStart = settings.vestingStart;
        vestingSeconds = settings.vestingSeconds;
        treasury = settings.treasury;
        _deadline = settings.deadline;
        _pausedBefore = settings.hub.pausedSeconds();
        for (uint256 i = 0; i < tiers_.length; i++) {
            // Reverts for a policy that the hub does not know.
            settings.hub.policyOf(tiers_[i].policyDigest);
            if (tiers_[i].amount == 0) revert TieredSouldrop__SettingsInvalid();
            tiers.push(tiers_[i]);
        }
    }

    /// @notice Returns when claims end.
    function deadline() public view returns (uint256) {
        return _deadline + hub.pausedSeconds() - _pausedBefore;
    }

    /// @notice Returns what a proof has to be bound to, with the account 0.
    function payloadFor(uint256 tier, address recipient) public pure returns (bytes32) {
        return keccak256(abi.encode(tier, recipient));
    }

    /// @notice Grants a tier's amount to the recipient that the proof names, and pays what is released of it by now. Anybody may send it.
    function claim(uint256 tier, address recipient, PolicyGate.PolicyProof calldata proof) external {
        if (recipient == address(0)) revert TieredSouldrop__RecipientInvalid();
        if (block.timestamp >= deadline()) revert TieredSouldrop__Over();
        Tier memory chosen = tiers[tier];
        if (token.balanceOf(address(this)) < promised + chosen.amount) revert TieredSouldrop__TooFewTokens();
        hub.spend(chosen.policyDigest, TOPIC, address(0), payloadFor(tier, recipient), proof);
        emit Granted(proof.nullifier, recipient, tier, chosen.amount);
        if (vestingSeconds == 0) {
            emit Released(proof.nullifier, recipient, chosen.amount);
            token.safeTransfer(recipient, chosen.amount);
        } else {
            grants[proof.nullifier] = Grant(recipient, chosen.amount, 0);
            promised += chosen.amount;
            release(proof.nullifier);
        }
    }

    /// @notice Returns what `release` would pay now.
    function releasable(uint256 nullifier) public view returns (uint256) {
        Grant memory grant = grants[nullifier];
        if (block.timestamp <= vestingStart) return 0;
        uint256 elapsed = block.timestamp - vestingStart;
        uint256 vested = elapsed >= vestingSeconds ? grant.amount : uint256(grant.amount) * elapsed / vestingSeconds;
        return vested - grant.released;
    }

    /// @notice Pays what has vested to the grant's recipient. Anybody may call it, at any time.
    function release(uint256 nullifier) public {
        Grant storage grant = grants[nullifier];
        if (grant.amount == 0) revert TieredSouldrop__Unknown();
        uint256 amount = releasable(nullifier);
        if (amount == 0) return;
        // Before the token is called, which may call back.
        grant.released += uint128(amount);
        promised -= amount;
        emit Released(nullifier, grant.recipient, amount);
        token.safeTransfer(grant.recipient, amount);
    }

    /// @notice Pays what nobody claimed to the treasury, after the deadline. Grants stay.
    function sweep() external {
        if (block.timestamp < deadline()) revert TieredSouldrop__NotOver();
        token.safeTransfer(treasury, token.balanceOf(address(this)) - promised);
    }
}
