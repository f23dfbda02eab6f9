/*
 * nic.h - a guest's network device under the network stack.
 */
#ifndef NIC_H
#define NIC_H

#include <netstack/net.h>
#include <stdbool.h>

#define NIC_ADDR_SIZE 16u /* "255.255.255.255" */

/**
 * nic_open() - connect an interface with a device, addresses from the command line.
 * @n: the interface
 * @device: name in the manifest
 * @cmdline: --ipv4=ADDRESS/BITS and, if wanted, --ipv4-gateway=ADDRESS
 *
 * Return: false when that is not possible; the console says why.
 */
bool nic_open(struct net *n, const char *device, const char *cmdline);

/**
 * nic_receive() - hand all frames that have come to the stack.
 * @n: the interface, opened
 *
 * Return: whether there was one.
 */
bool nic_receive(struct net *n);

/**
 * nic_addr() - the interface's address as text.
 * @n: the interface
 * @text: written
 *
 * Return: @text.
 */
const char *nic_addr(const struct net *n, char text[NIC_ADDR_SIZE]);

#endif
