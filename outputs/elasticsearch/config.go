package elasticsearch

import (
	"errors"
	"fmt"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/expr"
)

// Config is the block of an elasticsearch output.
type Config struct {
	endpoints.Config
	Prefix         string         `hcl:"prefix,optional"`           // first part of the default stream's and of the templates' names
	DataStream     *expr.Template `hcl:"data_stream,optional"`      // name of the data stream, may hold ${service.name}, ${retention.class} and other fields
	MaxStreams     int            `hcl:"max_streams,optional"`      // distinct stream names; documents of further services go to the generic stream
	APIKey         config.Secret  `hcl:"api_key,optional"`          // encoded form, as Elasticsearch shows it
	Username       string         `hcl:"username,optional"`         // basic authentication
	Password       config.Secret  `hcl:"password,optional"`         // of the user
	MaxRequestSize config.Size    `hcl:"max_request_size,optional"` // before compression; the server's limit counts so too
	DocumentID     bool           `hcl:"document_id,optional"`      // ids from positions: what is sent twice is stored once; false indexes faster
	Bootstrap      string         `hcl:"bootstrap,optional"`        // "if_missing" puts index templates that are missing, "never" leaves all to you
	Product        string         `hcl:"product,optional"`          // "elasticsearch", or "any" for OpenSearch and others that speak its bulk API
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
		Config:         endpoints.Defaults(),
		Prefix:         "logs",
		MaxStreams:     200,
		MaxRequestSize: 4 << 20,
		DocumentID:     true,
		Bootstrap:      bootstrapIfMissing,
		Product:        productElasticsearch,
	}
}

// schemes are those that endpoints can have; one without is http, or https
// once credentials are set.
func (c Config) schemes() []string {
	if c.hasCredentials() {
		return []string{"https", "http"}
	}
	return []string{"http", "https"}
}

func (c Config) hasCredentials() bool { return c.APIKey.IsSet() || c.Username != "" }

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	found := c.Problems(c.schemes()...)
	bad := func(attr, format string, args ...any) {
		found = append(found, config.Problem{Attr: attr, Summary: "Wrong value for " + attr, Detail: fmt.Sprintf(format, args...)})
	}
	if c.APIKey.IsSet() && (c.Username != "" || c.Password.IsSet()) {
		bad("api_key", "There is a username or password too. Set either api_key or username and password.")
	}
	if c.Password.IsSet() && c.Username == "" {
		bad("password", "It is set and username is not.")
	}
	if c.Bootstrap != bootstrapIfMissing && c.Bootstrap != bootstrapNever {
		bad("bootstrap", `It can be "if_missing" or "never", not %q.`, c.Bootstrap)
	}
	if c.Product != productElasticsearch && c.Product != productAny {
		bad("product", `It can be "elasticsearch" or "any", not %q.`, c.Product)
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size", "It is %v. It must be 64KiB or more.", c.MaxRequestSize)
	}
	if c.MaxStreams < 1 || c.MaxStreams > 10000 {
		bad("max_streams", "It is %d. It can be 1 to 10000.", c.MaxStreams)
	}
	return found
}

// check is what Validate finds as one error.
func (c Config) check() error {
	var errs []error
	for _, p := range c.Validate() {
		if !p.Warning {
			errs = append(errs, fmt.Errorf("%s: %s", p.Attr, p.Detail))
		}
	}
	return errors.Join(errs...)
}
