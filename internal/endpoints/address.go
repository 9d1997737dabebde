package endpoints

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Address is one element of `endpoints`: a text, or an object.
type Address struct {
	URL     string `hcl:"url"`              // "https://a:9200"; without a scheme it is the output's usual one
	Weight  int    `hcl:"weight,optional"`  // its share of the requests beside the others'; 0 counts as 1
	Standby bool   `hcl:"standby,optional"` // used only while no other is well
}

// UnmarshalText reads an address without settings of its own.
func (a *Address) UnmarshalText(text []byte) error {
	*a = Address{URL: string(text)}
	return nil
}

// At returns addresses without settings of their own.
func At(urls ...string) []Address {
	list := make([]Address, len(urls))
	for i, u := range urls {
		list[i].URL = u
	}
	return list
}

// discovery is how the endpoints of an address are found.
type discovery uint8

const (
	fixed  discovery = iota // it is one
	byHost                  // each address of its host name
	bySRV                   // each SRV record of its name
)

// target is an address as it was parsed. It is immutable.
type target struct {
	discovery discovery
	scheme    string
	host      string // without port and brackets
	port      string // "" for SRV
	path      string // without a slash at its end
	weight    int
	standby   bool
}

// parse reads an address. schemes are those allowed; the first is that of an
// address without one. port is that of an address without one, unless its
// scheme has its own. Errors never show what may be a password.
func (a Address) parse(schemes []string, port string) (target, error) {
	t := target{weight: max(a.Weight, 1), standby: a.Standby}
	text := strings.TrimSpace(a.URL)
	if rest, ok := strings.CutPrefix(text, "dns+"); ok {
		t.discovery, text = byHost, rest
	} else if rest, ok := strings.CutPrefix(text, "srv+"); ok {
		t.discovery, text = bySRV, rest
	}
	if !strings.Contains(text, "://") {
		text = schemes[0] + "://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return t, errors.New("it is no URL")
	}
	t.scheme, t.host, t.port, t.path = u.Scheme, u.Hostname(), u.Port(), strings.TrimRight(u.Path, "/")
	switch {
	case u.User != nil:
		return t, fmt.Errorf("address %s holds credentials: they have settings of their own", u.Host)
	case !slices.Contains(schemes, u.Scheme):
		return t, fmt.Errorf("address %s begins with %s://: it can be %s", u.Host, u.Scheme, orList(schemes))
	case t.host == "":
		return t, errors.New("it names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return t, fmt.Errorf("address %s%s must end with its path", u.Host, u.Path)
	case t.path != "" && !isHTTP(t.scheme):
		return t, fmt.Errorf("address %s has a path", u.Host)
	case t.discovery == bySRV && t.port != "":
		return t, fmt.Errorf("address %s has a port: SRV records say it", u.Host)
	case a.Weight < 0 || a.Weight > maxWeight:
		return t, fmt.Errorf("weight is %d: it can be 1 to %d", a.Weight, maxWeight)
	}
	if t.port == "" && t.discovery != bySRV {
		if t.port = portOf(t.scheme, port); t.port == "" {
			return t, fmt.Errorf("address %s needs a port", u.Host)
		}
	}
	if n, err := strconv.ParseUint(t.port, 10, 16); t.port != "" && (err != nil || n == 0) {
		return t, fmt.Errorf("address %s: its port must be 1 to 65535", u.Host)
	}
	return t, nil
}

// portOf is the port of an address that has none.
func portOf(scheme, otherwise string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return otherwise
}

func isHTTP(scheme string) bool { return scheme == "http" || scheme == "https" }

// isTLS reports whether connections of a scheme are encrypted.
func isTLS(scheme string) bool { return scheme == "https" || scheme == "tls" }

// orList is words to choose from.
func orList(words []string) string {
	return strings.Join(words, ":// or ") + "://"
}

// hostPort is the address of the target itself, for one that is fixed.
func (t target) hostPort() string { return net.JoinHostPort(t.host, t.port) }

// endpoint is that of a target that is fixed.
func (t target) endpoint() *Endpoint {
	return &Endpoint{scheme: t.scheme, host: t.host, address: t.hostPort(), path: t.path, weight: t.weight, standby: t.standby}
}

// name is the target for people.
func (t target) name() string {
	switch t.discovery {
	case byHost:
		return "dns+" + t.hostPort()
	case bySRV:
		return "srv+" + t.host
	}
	return t.hostPort() + t.path
}
