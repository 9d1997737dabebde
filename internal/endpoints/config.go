package endpoints

import (
	"time"

	"github.com/renthub/sluice/internal/config"
)

// Config is the settings of a group. Outputs embed it.
type Config struct {
	Endpoints       []Address       `hcl:"endpoints,optional"`        // addresses of the destination; dns+https:// and srv+https:// look up several
	Balance         string          `hcl:"balance,optional"`          // "round_robin", "least_connections", or "hash": the same source, or all of a host, goes to the same endpoint
	Timeout         config.Duration `hcl:"timeout,optional"`          // of one request, from its first byte to the last of its answer
	ConnectTimeout  config.Duration `hcl:"connect_timeout,optional"`  // of a new connection, and again of its TLS handshake
	InFlight        int             `hcl:"in_flight,optional"`        // requests at a time, at most
	MinInFlight     int             `hcl:"min_in_flight,optional"`    // what a slow or busy destination can lower in_flight to
	RateLimit       float64         `hcl:"rate_limit,optional"`       // requests in a second, at most; 0 is no limit
	BandwidthLimit  config.Size     `hcl:"bandwidth_limit,optional"`  // bytes sent in a second, at most; 0 is no limit
	CAFile          string          `hcl:"ca_file,optional"`          // PEM of the authority that signed the server's certificate; read again when it changes
	ClientCert      string          `hcl:"client_cert,optional"`      // PEM, for servers that ask for one; read again when it changes
	ClientKey       string          `hcl:"client_key,optional"`       // PEM of its private key
	TLSServerName   string          `hcl:"tls_server_name,optional"`  // name that the certificate must have, if not the endpoint's
	TLSSkipVerify   bool            `hcl:"tls_skip_verify,optional"`  // takes any certificate; for tests only
	Proxy           config.Secret   `hcl:"proxy,optional"`            // address of a proxy, http://, https:// or socks5://; "none" ignores HTTPS_PROXY and its like
	ResolveInterval config.Duration `hcl:"resolve_interval,optional"` // how often dns+ and srv+ endpoints are looked up
	HealthCheck     HealthCheck     `hcl:"health_check,block"`        // how endpoints are tried beside the requests
	Breaker         Breaker         `hcl:"breaker,block"`             // when an endpoint is given up for a while
}

// HealthCheck is how endpoints are tried beside the requests.
type HealthCheck struct {
	Interval      config.Duration `hcl:"interval,optional"`        // "0" has no checks: requests find out alone
	Timeout       config.Duration `hcl:"timeout,optional"`         // of one check
	HandBackAfter int             `hcl:"hand_back_after,optional"` // good checks in a row after which standbys hand back
}

// Breaker is when an endpoint is given up for a while.
type Breaker struct {
	Failures    int             `hcl:"failures,optional"`      // in a row, after which the endpoint is not used
	CoolDown    config.Duration `hcl:"cool_down,optional"`     // after which it is tried again; doubles each time that fails
	MaxCoolDown config.Duration `hcl:"max_cool_down,optional"` // what it doubles up to
}

// The values of Config.Balance.
const (
	balanceRoundRobin = "round_robin"
	balanceLeast      = "least_connections"
	balanceHash       = "hash"
)

// proxyNone is the value of Config.Proxy that ignores the environment's.
const proxyNone = "none"

// Defaults are the settings where a config has none. Only endpoints is left to
// be set.
func Defaults() Config {
	return Config{
		Balance:         balanceRoundRobin,
		Timeout:         config.Duration(time.Minute),
		ConnectTimeout:  config.Duration(10 * time.Second),
		InFlight:        2,
		MinInFlight:     1,
		ResolveInterval: config.Duration(30 * time.Second),
		HealthCheck: HealthCheck{
			Interval:      config.Duration(30 * time.Second),
			Timeout:       config.Duration(5 * time.Second),
			HandBackAfter: 3,
		},
		Breaker: Breaker{
			Failures:    5,
			CoolDown:    config.Duration(time.Second),
			MaxCoolDown: config.Duration(15 * time.Second),
		},
	}
}

// Limits of settings.
const (
	maxInFlight  = 256
	maxEndpoints = 256
	maxWeight    = 1000
)
