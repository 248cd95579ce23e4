import GRDB

/// The tables, and how older ones become today's.
enum GallerySchema {
  static let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("pictures") { db in
      try db.execute(
        sql: """
          CREATE TABLE pictures (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            made REAL NOT NULL,
            job TEXT NOT NULL,
            place INTEGER NOT NULL,
            file TEXT NOT NULL UNIQUE,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            prompt TEXT NOT NULL,
            negative TEXT NOT NULL,
            model TEXT,
            seed TEXT,
            settings TEXT NOT NULL,
            infotext TEXT NOT NULL,
            favourite INTEGER NOT NULL DEFAULT 0
          );
          CREATE INDEX pictures_favourite ON pictures(id) WHERE favourite;
          CREATE UNIQUE INDEX pictures_job ON pictures(job, place) WHERE job <> '';
          CREATE VIRTUAL TABLE pictures_words USING fts5(
            prompt, negative, model, seed, content='pictures', content_rowid='id',
            tokenize='unicode61 remove_diacritics 2', prefix='1 2 3');
          CREATE TRIGGER pictures_added AFTER INSERT ON pictures BEGIN
            INSERT INTO pictures_words(rowid, prompt, negative, model, seed)
              VALUES (new.id, new.prompt, new.negative, new.model, new.seed);
          END;
          CREATE TRIGGER pictures_deleted AFTER DELETE ON pictures BEGIN
            INSERT INTO pictures_words(pictures_words, rowid, prompt, negative, model, seed)
              VALUES ('delete', old.id, old.prompt, old.negative, old.model, old.seed);
          END;
          """)
    }
    return migrator
  }()
}
