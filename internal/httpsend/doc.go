// Package httpsend is what outputs that speak HTTP share: a transport with
// every timeout set, a request body made of parts that are not copied, answers
// read within a cap, and the meaning of statuses and of Retry-After. It knows
// no destination.
package httpsend
