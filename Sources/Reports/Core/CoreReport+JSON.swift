import Cores

extension CoreReport {
  /// The file as JSON: format `kilburn-core`.
  package var json: JSON {
    [
      "format": "kilburn-core",
      "version": 1,
      "name": .string(core.name),
      "title": .string(core.title),
      "figures": .array(core.figures.map(json)),
      "qemu": [
        "cpu": .string(core.emulator.argument),
        "fit": .string(core.emulator.fit),
        "hides": .array(core.emulator.hides.map { .string($0.rawValue) }),
        "lacks": .array(core.emulator.lacks.map { .string($0) }),
      ],
      "documents": .array(
        core.documents.map { document in
          [
            "id": .string(document.id),
            "kind": .string(document.kind.rawValue),
            "title": .string(document.title),
            "number": document.number.map { .string($0) } ?? .null,
            "revision": document.revision.map { .string($0) } ?? .null,
            "address": document.address.map { .string($0) } ?? .null,
          ]
        }),
    ]
  }

  private func json(_ figure: Figure) -> JSON {
    var place: JSON = .null
    var document: JSON = .null
    var assumed: JSON = .null
    switch figure.basis {
    case .source(let id, let text):
      document = .string(id)
      place = .string(text)
    case .assumed(let why): assumed = .string(why)
    case .unstated: break
    }
    return [
      "path": .string(figure.path),
      "value": .string(figure.text),
      "basis": .string(basis(figure)),
      "document": document,
      "where": place,
      "assumed": assumed,
      "note": figure.note.map { .string($0) } ?? .null,
      "used": .bool(figure.isUsed),
    ]
  }
}
