// Package httpsend is what outputs that speak HTTP share of single requests: a
// body made of parts that are not copied, answers read within a cap, and the
// meaning of statuses and of Retry-After. It knows no destination. How a
// request gets there is internal/endpoints.
package httpsend
