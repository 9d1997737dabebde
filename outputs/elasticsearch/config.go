package elasticsearch

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
)

// Config is the block of an elasticsearch output.
type Config struct {
	Endpoints      []string        `hcl:"endpoints"`                 // addresses of nodes or of a proxy; without a scheme http, or https once credentials are set
	Prefix         string          `hcl:"prefix,optional"`           // first part of the default stream's and of the templates' names
	DataStream     *expr.Template  `hcl:"data_stream,optional"`      // name of the data stream, may hold ${service.name}, ${retention.class} and other fields
	MaxStreams     int             `hcl:"max_streams,optional"`      // distinct stream names; documents of further services go to the generic stream
	APIKey         config.Secret   `hcl:"api_key,optional"`          // encoded form, as Elasticsearch shows it
	Username       string          `hcl:"username,optional"`         // basic authentication
	Password       config.Secret   `hcl:"password,optional"`         // of the user
	CAFile         string          `hcl:"ca_file,optional"`          // PEM of the authority that signed the server's certificate
	ClientCert     string          `hcl:"client_cert,optional"`      // PEM, for servers that ask for one
	ClientKey      string          `hcl:"client_key,optional"`       // PEM of its private key
	TLSSkipVerify  bool            `hcl:"tls_skip_verify,optional"`  // takes any certificate; for tests only
	Timeout        config.Duration `hcl:"timeout,optional"`          // of one request, from its first byte to the last of its answer
	MaxRequestSize config.Size     `hcl:"max_request_size,optional"` // before compression; the server's limit counts so too
	InFlight       int             `hcl:"in_flight,optional"`        // requests at a time
	DocumentID     bool            `hcl:"document_id,optional"`      // ids from positions: what is sent twice is stored once; false indexes faster
	Bootstrap      string          `hcl:"bootstrap,optional"`        // "if_missing" puts index templates that are missing, "never" leaves all to you
	Product        string          `hcl:"product,optional"`          // "elasticsearch", or "any" for OpenSearch and others that speak its bulk API
}

// The values of Config.Bootstrap and Config.Product.
const (
	bootstrapIfMissing   = "if_missing"
	bootstrapNever       = "never"
	productElasticsearch = "elasticsearch"
	productAny           = "any"
)

func defaults() Config {
	return Config{
		Prefix:         "logs",
		MaxStreams:     200,
		Timeout:        config.Duration(60 * time.Second),
		MaxRequestSize: 4 << 20,
		InFlight:       2,
		DocumentID:     true,
		Bootstrap:      bootstrapIfMissing,
		Product:        productElasticsearch,
	}
}

// check reports all that is wrong with c. It needs no network and no files.
func (c Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Endpoints) == 0 {
		bad("endpoints is empty")
	}
	if _, err := c.urls(); err != nil {
		errs = append(errs, err)
	}
	if c.APIKey.IsSet() && (c.Username != "" || c.Password.IsSet()) {
		bad("set either api_key or username and password")
	}
	if c.Password.IsSet() && c.Username == "" {
		bad("password is set and username is not")
	}
	if c.Bootstrap != bootstrapIfMissing && c.Bootstrap != bootstrapNever {
		bad(`bootstrap is %q: it can be "if_missing" or "never"`, c.Bootstrap)
	}
	if c.Product != productElasticsearch && c.Product != productAny {
		bad(`product is %q: it can be "elasticsearch" or "any"`, c.Product)
	}
	if c.Timeout.Std() < time.Second {
		bad("timeout is %v: it must be 1s or more", c.Timeout)
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size is %v: it must be 64KiB or more", c.MaxRequestSize)
	}
	if c.InFlight < 1 || c.InFlight > 64 {
		bad("in_flight is %d: it must be 1 to 64", c.InFlight)
	}
	if c.MaxStreams < 1 || c.MaxStreams > 10000 {
		bad("max_streams is %d: it must be 1 to 10000", c.MaxStreams)
	}
	return errors.Join(errs...)
}

func (c Config) hasCredentials() bool { return c.APIKey.IsSet() || c.Username != "" }

// urls are the endpoints as URLs.
func (c Config) urls() ([]*url.URL, error) {
	var list []*url.URL
	for _, text := range c.Endpoints {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			scheme := "http://"
			if c.hasCredentials() {
				scheme = "https://"
			}
			text = scheme + text
		}
		u, err := url.Parse(text)
		if err != nil {
			return nil, errors.New("an endpoint is no URL") // the text may hold a password: it is not shown
		}
		switch {
		case u.User != nil:
			return nil, fmt.Errorf("endpoint %s holds credentials: use username and password", u.Host)
		case u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("endpoint %s: its scheme must be http or https", text)
		case u.Hostname() == "":
			return nil, fmt.Errorf("endpoint %s names no host", text)
		case u.RawQuery != "" || u.Fragment != "":
			return nil, fmt.Errorf("endpoint %s%s must end with its path", u.Host, u.Path)
		}
		u.Path = strings.TrimRight(u.Path, "/")
		list = append(list, u)
	}
	return list, nil
}
