package http

import (
	"errors"
	"fmt"
	"maps"
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
)

// Type is the http output.
var Type = outputs.Define("http", defaults(), open).Wrapping()

// Output sends documents to HTTP endpoints, on the general path.
type Output struct {
	config   Config
	agent    string // User-Agent
	now      func() time.Time
	group    *endpoints.Group
	judge    *judge
	encoders encoders
}

// open makes an output. It reads the certificates' files and asks nothing of
// the network.
func open(c Config, d outputs.Deps) (outputs.Output, error) {
	for _, p := range c.Validate() {
		return nil, fmt.Errorf("%s: %s. %s", p.Attr, p.Summary, p.Detail)
	}
	o := &Output{config: c, agent: "sluice/" + d.Version, now: d.Now, encoders: encoders{format: c.Format, compression: c.Compression}}
	var err error
	if o.judge, err = newJudge(c.Status); err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	o.group, err = endpoints.New(c.Config, endpoints.Deps{
		Name: d.Name, Logger: d.Logger, Metrics: d.Metrics, Schemes: c.schemes(),
		Authorize: o.authorize, Credentials: c.hasCredentials(), Outcome: o.judge.outcome,
	})
	if err != nil {
		return nil, err
	}
	if c.Format == formatNDJSON && c.Compression == compressionGzip {
		return &Lines{o}, nil
	}
	return o, nil
}

// Endpoints implements outputs.Grouped.
func (o *Output) Endpoints() []outputs.EndpointStatus { return o.group.Status() }

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	return outputs.Limits{Bytes: int(o.config.MaxRequestSize), Docs: o.config.MaxDocuments, InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error { return o.group.Close() }

// authorize puts on a request what the config says. Secrets are read for each,
// since their files may have changed.
func (o *Output) authorize(req *nethttp.Request) error {
	req.Header.Set("User-Agent", o.agent)
	if len(o.config.Query) > 0 {
		query := url.Values{}
		for name, value := range o.config.Query {
			query.Set(name, value.Reveal())
		}
		req.URL.RawQuery = query.Encode()
	}
	for name, value := range o.config.Headers {
		if strings.EqualFold(name, "Host") {
			req.Host = value.Reveal()
			continue
		}
		req.Header.Set(name, value.Reveal())
	}
	switch {
	case o.config.Token.IsSet():
		req.Header.Set("Authorization", "Bearer "+o.config.Token.Reveal())
	case o.config.Username != "":
		req.SetBasicAuth(o.config.Username, o.config.Password.Reveal())
	}
	return nil
}

// secrets are those of the config that can have been rotated.
func (o *Output) secrets() []config.Secret {
	list := []config.Secret{o.config.Password, o.config.Token}
	list = slices.AppendSeq(list, maps.Values(o.config.Headers))
	list = slices.AppendSeq(list, maps.Values(o.config.Query))
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
