import ArgumentParser
import CommandSupport

/// Data sets: bringing pictures in, looking at them, making scenes.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Imports, checks and makes data sets.",
    discussion: """
      A data set is a folder of PNG and JPEG pictures with their captions in metadata.jsonl or metadata.csv, or in \
      name.txt beside each; docs/data.md starts from nothing.

      Examples:
        imago data import train.parquet --caption "a {name|species}" --output set
        imago data check set
        imago data sheet set --output sheet.png
        imago data sprites --output data/sprites
      """,
    subcommands: [
      DataImport.self, DataCheck.self, DataSheet.self, DataSprites.self, DataScenes.self, DataWords.self,
    ])
}
