package endpoints

import (
	"cmp"
	"net/http"
)

// NewTransport returns a transport for a client that names its hosts by itself,
// as an SDK does: with the certificates, the proxy and the time-outs of c, and
// nothing else of a group. Its TLSClientConfig serves connections of other
// protocols. Files are read once. Zero settings are those of Defaults.
func NewTransport(c Config) (*http.Transport, error) {
	usual := Defaults()
	c.Timeout = cmp.Or(c.Timeout, usual.Timeout)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, usual.ConnectTimeout)
	c.InFlight = cmp.Or(c.InFlight, usual.InFlight)
	w, err := newWire(c, Deps{})
	if err != nil {
		return nil, err
	}
	config, _ := w.files.now()
	t := w.newTransport(&Endpoint{}, config)
	t.ResponseHeaderTimeout = c.Timeout.Std() // there is no try whose time bounds it
	return t, nil
}
