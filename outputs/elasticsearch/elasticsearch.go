package elasticsearch

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"

	"github.com/renthub/sluice/internal/httpsend"
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
	http    *http.Transport
	client  *elastictransport.Client

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
	form, err := c.form(d.Classes)
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(d)
	if err != nil {
		return nil, err
	}
	transport, err := httpsend.NewTransport(httpsend.Config{
		CAFile: c.CAFile, CertFile: c.ClientCert, KeyFile: c.ClientKey,
		SkipVerify: c.TLSSkipVerify, Timeout: c.Timeout.Std(), Conns: c.InFlight,
	})
	if err != nil {
		return nil, err
	}
	o := &Output{
		config: c, name: d.Name, logger: d.Logger, now: d.Now, classes: d.Classes,
		streams: newStreams(form, c, m.overflow), metrics: m, http: transport,
		turn: make(chan struct{}, 1),
	}
	if err := o.connect(d.Version); err != nil {
		return nil, err
	}
	o.warn()
	return o, nil
}

// form is the form of the streams' names, checked against the classes.
func (c Config) form(classes []outputs.Class) (*form, error) {
	names := make([]string, len(classes))
	for i, class := range classes {
		names[i] = class.Name
	}
	f, err := newForm(c.DataStream, c.Prefix, names)
	if err != nil {
		return nil, err
	}
	if f.hasClass() {
		return f, f.checkDistinct(classes)
	}
	for _, class := range classes {
		if class.Keep != classes[0].Keep {
			return nil, fmt.Errorf("data_stream needs ${retention.class}: classes %s and %s are kept for different times, and one stream has one lifecycle", classes[0].Name, class.Name)
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

// connect makes the client. Nothing below it retries or discovers nodes: the
// pipeline retries, and nodes' own addresses fail behind a balancer.
func (o *Output) connect(version string) error {
	urls, err := o.config.urls()
	if err != nil {
		return err
	}
	o.client, err = elastictransport.NewClient(
		elastictransport.WithURLs(urls...),
		elastictransport.WithTransport(authorized{&o.config, httpsend.RoundTripper{Transport: o.http}}),
		elastictransport.WithDisableRetry(),
		elastictransport.WithUserAgent("sluice/"+version),
	)
	if err != nil {
		return fmt.Errorf("make the client: %w", err)
	}
	return nil
}

func (o *Output) warn() {
	if o.config.TLSSkipVerify {
		o.logger.Warn("certificates are not verified: anyone on the way can read and change logs", "setting", "tls_skip_verify")
	}
	urls, err := o.config.urls()
	if err != nil || !o.config.hasCredentials() {
		return
	}
	for _, u := range urls {
		if u.Scheme == "http" {
			o.logger.Warn("credentials are sent without encryption", "host", u.Host)
		}
	}
}

// Limits implements outputs.Output.
func (o *Output) Limits() outputs.Limits {
	size := int(o.config.MaxRequestSize)
	return outputs.Limits{Bytes: size, DocBytes: size, InFlight: o.config.InFlight}
}

// Close implements outputs.Output.
func (o *Output) Close() error {
	o.http.CloseIdleConnections()
	return nil
}

// authorized puts credentials on requests. They are read for each, since a
// secret's file may have changed.
type authorized struct {
	config *Config
	next   http.RoundTripper
}

func (a authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case a.config.APIKey.IsSet():
		req.Header.Set("Authorization", "ApiKey "+a.config.APIKey.Reveal())
	case a.config.Username != "":
		req.SetBasicAuth(a.config.Username, a.config.Password.Reveal())
	}
	return a.next.RoundTrip(req)
}

// refreshSecrets reads rotated secrets after the server refused the old ones.
func (o *Output) refreshSecrets() error {
	_, keyErr := o.config.APIKey.Refresh()
	_, passwordErr := o.config.Password.Refresh()
	return errors.Join(keyErr, passwordErr)
}
