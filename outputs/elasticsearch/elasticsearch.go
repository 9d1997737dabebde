package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/outputs"
)

// Type is the elasticsearch output.
var Type = outputs.Define("elasticsearch", defaults(), open).Retaining().Wrapping()

// Output sends documents to one Elasticsearch cluster.
type Output struct {
	config  Config
	name    string
	logger  *slog.Logger
	now     func() time.Time
	classes []outputs.Class
	streams *streams
	metrics metrics
	group   *endpoints.Group
	client  *elastictransport.Client
	signer  *signer // nil without an aws block

	turn     chan struct{} // holds a token while one Send prepares the server
	prepared atomic.Bool   // product checked, templates there
	params   params        // the optional parameters of _bulk that the server refused
}

// open makes an output. It reads the certificates' files and asks nothing of
// the network.
func open(c Config, d outputs.Deps) (outputs.Output, error) {
	if c.Prefix == "" { // ELASTICSEARCH_INDEX_PREFIX may be set to nothing
		c.Prefix = defaults().Prefix
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	c, err := c.resolved()
	if err != nil {
		return nil, err
	}
	form, err := c.form(d.Classes)
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(d)
	if err != nil {
		return nil, err
	}
	o := &Output{
		config: c, name: d.Name, logger: d.Logger, now: d.Now, classes: d.Classes,
		streams: newStreams(form, c, m.overflow, d.Now), metrics: m,
		turn: make(chan struct{}, 1),
	}
	if c.AWS != nil {
		if o.signer, err = newSigner(context.Background(), *c.AWS, d.Now); err != nil {
			return nil, err
		}
	}
	o.group, err = endpoints.New(c.Config, endpoints.Deps{
		Name: d.Name, Logger: d.Logger, Metrics: d.Metrics, Schemes: c.schemes(),
		Authorize: o.authorize, Credentials: c.hasCredentials(), Check: endpoints.Get("/"),
	})
	if err != nil {
		return nil, err
	}
	if err := o.connect(d.Version); err != nil {
		return nil, err
	}
	return o, nil
}

// form is the form of the streams' names, checked against the classes.
func (c Config) form(classes []outputs.Class) (*form, error) {
	names := make([]string, len(classes))
	for i, class := range classes {
		names[i] = class.Name
	}
	f, err := newForm(c, names)
	if err != nil {
		return nil, err
	}
	if f.hasClass() {
		return f, f.checkDistinct(classes)
	}
	for _, class := range classes {
		if class.Keep != classes[0].Keep {
			return nil, fmt.Errorf("%s needs ${retention.class}: classes %s and %s are kept for different times, and one stream has one lifecycle", f.setting, classes[0].Name, class.Name)
		}
	}
	return f, nil
}

// checkDistinct reports classes whose names become the same in a stream's name.
func (f *form) checkDistinct(classes []outputs.Class) error {
	seen := map[string]string{}
	for _, class := range classes {
		pattern := f.pattern(class.Name)
		if other, ok := seen[pattern]; ok {
			return fmt.Errorf("retention classes %s and %s have one stream, %s: rename one", other, class.Name, pattern)
		}
		seen[pattern] = class.Name
	}
	return nil
}

// connect makes the client. Nothing in it retries, chooses nodes or discovers
// them: the pipeline retries, and the group knows the endpoints.
func (o *Output) connect(version string) error {
	var err error
	o.client, err = elastictransport.NewClient(
		elastictransport.WithURLs(&url.URL{Scheme: "http", Host: "endpoint"}), // the group puts its choice there
		elastictransport.WithTransport(o.group),
		elastictransport.WithDisableRetry(),
		elastictransport.WithUserAgent("sluice/"+version),
	)
	if err != nil {
		return fmt.Errorf("make the client: %w", err)
	}
	return nil
}

// Endpoints implements outputs.Grouped.
func (o *Output) Endpoints() []outputs.EndpointStatus { return o.group.Status() }

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	size := int(o.config.MaxRequestSize)
	return outputs.Limits{Bytes: size, InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error { return o.group.Close() }

// authorize puts credentials on a request. They are read for each, since a
// secret's file may have changed.
func (o *Output) authorize(req *http.Request) error {
	switch {
	case o.signer != nil:
		return o.signer.sign(req)
	case o.config.APIKey.IsSet():
		req.Header.Set("Authorization", "ApiKey "+o.config.APIKey.Reveal())
	case o.config.Username != "":
		req.SetBasicAuth(o.config.Username, o.config.Password.Reveal())
	}
	return nil
}

// refreshSecrets reads rotated secrets after the server refused the old ones.
func (o *Output) refreshSecrets() error {
	if o.signer != nil {
		o.signer.credentials.Invalidate()
	}
	_, keyErr := o.config.APIKey.Refresh()
	_, passwordErr := o.config.Password.Refresh()
	return errors.Join(keyErr, passwordErr)
}
