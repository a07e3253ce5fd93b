// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {PolicyHub} from "./PolicyHub.sol";

/// @title Creates hubs with their roles
/// @notice Each hub gets an AccessManager of its own. The factory keeps no role in it.
contract PolicyHubFactory {
    /// @notice Who may do what in a hub. Changing it takes the admin and its delay.
    struct Roles {
        /// @dev Grants and takes roles, after the delay. A multisig or a Governor.
        address admin;
        /// @dev Adds and closes policies.
        address policies;
        /// @dev Publishes and retires anchors roots, and so decides which issuers and trees are believed.
        address publisher;
        /// @dev Pauses and unpauses, within the hub's bounds.
        address guardian;
        /// @dev Seconds between a change of roles, or an upgrade, being scheduled and done.
        uint32 delay;
    }

    /// @notice Roles of the AccessManager of every hub.
    uint64 public constant POLICIES = 1;
    uint64 public constant PUBLISHER = 2;
    uint64 public constant GUARDIAN = 3;

    /// @notice The code of all hubs.
    PolicyHub public immutable implementation;

    event HubCreated(address indexed hub, address indexed accessManager, bool isUpgradeable);

    error PolicyHubFactory__RolesInvalid();

    constructor() {
        implementation = new PolicyHub();
    }

    /// @notice Creates a hub.
    /// @param isUpgradeable behind an ERC-1967 proxy that the admin can upgrade after the delay, or a minimal proxy whose code never changes
    /// @param allowsDevelopmentKeys accept verifiers of development keys. Never on a chain whose state has value.
    function create(Roles calldata roles, bool isUpgradeable, bool allowsDevelopmentKeys)
        external
        returns (PolicyHub hub, AccessManager accessManager)
    {
        if (roles.admin == address(0) || roles.admin == address(this)) revert PolicyHubFactory__RolesInvalid();
        accessManager = new AccessManager(address(this));
        bytes memory call = abi.encodeCall(PolicyHub.initialize, (address(accessManager), allowsDevelopmentKeys));
        if (isUpgradeable) {
            hub = PolicyHub(address(new ERC1967Proxy(address(implementation), call)));
        } else {
            hub = PolicyHub(Clones.clone(address(implementation)));
            hub.initialize(address(accessManager), allowsDevelopmentKeys);
        }

        _allow(accessManager, hub, POLICIES, PolicyHub.addPolicy.selector, PolicyHub.closePolicy.selector);
        _allow(accessManager, hub, PUBLISHER, PolicyHub.publishAnchorsRoot.selector, PolicyHub.retireAnchorsRoot.selector);
        _allow(accessManager, hub, GUARDIAN, PolicyHub.pause.selector, PolicyHub.unpause.selector);
        _grant(accessManager, POLICIES, roles.policies);
        _grant(accessManager, PUBLISHER, roles.publisher);
        _grant(accessManager, GUARDIAN, roles.guardian);
        uint64 adminRole = accessManager.ADMIN_ROLE();
        accessManager.grantRole(adminRole, roles.admin, roles.delay);
        accessManager.renounceRole(adminRole, address(this));
        emit HubCreated(address(hub), address(accessManager), isUpgradeable);
    }

    function _allow(AccessManager accessManager, PolicyHub hub, uint64 role, bytes4 first, bytes4 second) private {
        bytes4[] memory selectors = new bytes4[](2);
        (selectors[0], selectors[1]) = (first, second);
        accessManager.setTargetFunctionRole(address(hub), selectors, role);
    }

    /// @dev A role of nobody can be granted later.
    function _grant(AccessManager accessManager, uint64 role, address account) private {
        if (account != address(0)) accessManager.grantRole(role, account, 0);
    }
}
