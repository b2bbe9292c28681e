package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// line is one row of a copy.
type line struct {
	Table string         `json:"table"`
	Row   jsontext.Value `json:"row"`
}

// CopyTables writes every row of the tables of one schema as they stand at one moment, a line of JSON each, and returns
// how many there are. A table comes after those that it refers to.
func CopyTables(ctx context.Context, pool *pgxpool.Pool, to io.Writer, schema string, tables ...string) (rows int64, err error) {
	out := bufio.NewWriter(to)
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, table := range tables {
			found, err := tx.Query(ctx, "select row_to_json(t)::text from "+pgx.Identifier{schema, table}.Sanitize()+" t")
			if err != nil {
				return err
			}
			var row string
			if _, err := pgx.ForEachRow(found, []any{&row}, func() error {
				rows++
				text, err := json.Marshal(line{table, jsontext.Value(row)})
				if err != nil {
					return err
				}
				_, err = out.Write(append(text, '\n'))
				return err
			}); err != nil {
				return err
			}
		}
		return out.Flush()
	})
	if err != nil {
		return 0, fmt.Errorf("copy of schema %s: %w", schema, err)
	}
	return rows, nil
}

// restoreBatch is how many rows are put back with one statement.
const restoreBatch = 1000

// RestoreTables puts a copy back into the tables, which its owner has migrated and which must be empty: all rows or
// none. It returns how many there were.
func RestoreTables(ctx context.Context, url string, from io.Reader, schema string, tables ...string) (rows int64, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, fmt.Errorf("restore of schema %s: %w", schema, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, table := range tables {
			var used bool
			if err := tx.QueryRow(ctx, "select exists (select from "+pgx.Identifier{schema, table}.Sanitize()+")").Scan(&used); err != nil {
				return err
			}
			if used {
				return fmt.Errorf("the table %s is not empty", table)
			}
		}
		rows, err = restoreRows(ctx, tx, bufio.NewReaderSize(from, 64<<10), schema, tables)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("restore of schema %s: %w", schema, err)
	}
	return rows, nil
}

// restoreRows inserts runs of lines of one table. The tables come in the order in which they were copied.
func restoreRows(ctx context.Context, tx pgx.Tx, in *bufio.Reader, schema string, tables []string) (rows int64, err error) {
	at := 0
	var batch []jsontext.Value
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		text, err := json.Marshal(batch)
		if err != nil {
			return err
		}
		table := pgx.Identifier{schema, tables[at]}.Sanitize()
		_, err = tx.Exec(ctx, "insert into "+table+" select * from json_populate_recordset(null::"+table+", $1)", string(text))
		rows, batch = rows+int64(len(batch)), batch[:0]
		return err
	}
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return rows, flush()
		}
		if err != nil {
			return rows, errors.Join(err, io.ErrUnexpectedEOF)
		}
		var l line
		if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); err != nil {
			return rows, err
		}
		for l.Table != tables[at] || len(batch) == restoreBatch {
			if err := flush(); err != nil {
				return rows, err
			}
			if l.Table == tables[at] {
				break
			}
			if at++; at == len(tables) {
				return rows, fmt.Errorf("a row of an unknown table %q", l.Table)
			}
		}
		batch = append(batch, l.Row)
	}
}
