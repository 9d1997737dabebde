package http

import (
	"errors"
	"fmt"
	nethttp "net/http"
	"slices"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Type is the http output.
var Type = outputs.Define("http", defaults(), open)

// Output sends documents to HTTP endpoints, on the general path.
type Output struct {
	config    Config
	agent     string // User-Agent
	now       func() time.Time
	endpoints *endpoints
	judge     *judge
	encoders  encoders
	transport *nethttp.Transport
}

// open makes an output. It reads the certificates' files and asks nothing of
// the network.
func open(c Config, d outputs.Deps) (outputs.Output, error) {
	for _, p := range c.Validate() {
		return nil, fmt.Errorf("%s: %s. %s", p.Attr, p.Summary, p.Detail)
	}
	o := &Output{config: c, agent: "sluice/" + d.Version, now: d.Now, encoders: encoders{format: c.Format, compression: c.Compression}}
	var err error
	if o.endpoints, err = newEndpoints(c.Endpoints); err != nil {
		return nil, err
	}
	if o.judge, err = newJudge(c.Status); err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	o.transport, err = httpsend.NewTransport(httpsend.Config{
		CAFile: c.CAFile, CertFile: c.ClientCert, KeyFile: c.ClientKey,
		SkipVerify: c.TLSSkipVerify, Timeout: c.Timeout.Std(), Conns: c.InFlight,
	})
	if err != nil {
		return nil, err
	}
	o.warn(d)
	if c.Format == formatNDJSON && c.Compression == compressionGzip {
		return &Lines{o}, nil
	}
	return o, nil
}

func (o *Output) warn(d outputs.Deps) {
	if o.config.TLSSkipVerify {
		d.Logger.Warn("certificates are not verified: anyone on the way can read and change logs", "output", d.Name, "setting", "tls_skip_verify")
	}
	for _, u := range o.endpoints.urls {
		if u.Scheme == "http" && (o.config.Token.IsSet() || o.config.Username != "") {
			d.Logger.Warn("credentials are sent without encryption", "output", d.Name, "host", u.Host)
		}
	}
}

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	return outputs.Limits{Bytes: int(o.config.MaxRequestSize), Docs: o.config.MaxDocuments, InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error {
	o.transport.CloseIdleConnections()
	return nil
}

// secrets are those of the config that can have been rotated.
func (o *Output) secrets() []config.Secret {
	list := []config.Secret{o.config.Password, o.config.Token}
	for _, s := range o.config.Headers {
		list = append(list, s)
	}
	return slices.DeleteFunc(list, func(s config.Secret) bool { return !s.IsSet() })
}

// refreshSecrets reads rotated secrets after the server refused the old ones.
func (o *Output) refreshSecrets() error {
	var all error
	for _, s := range o.secrets() {
		_, err := s.Refresh()
		all = errors.Join(all, err)
	}
	return all
}
