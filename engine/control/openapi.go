package control

import (
	"context"
	_ "embed"
	"encoding/json"
)

// document is the OpenAPI document of the API. TestOpenAPI makes it of the table of verbs.
//
//go:embed openapi.json
var document []byte

var documentVerbs = []verb{
	{"openapi", "GET", "/v1/openapi.json", Read, "The OpenAPI document of this API.", one(openAPI)},
}

func openAPI(context.Context, *asked, *nothing) (json.RawMessage, error) { return document, nil }
