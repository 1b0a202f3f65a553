using System.CommandLine;
using Rlcm.Cli.Reporting;
using Rlcm.Datasets;
using Rlcm.Evaluation;
using Rlcm.Runtime;
using Spectre.Console;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm dataset</c>: makes the emoji dataset and checks image folders.</summary>
internal static class DatasetCommand
{
    public static Command Create(Terminal terminal) => new DocumentedCommand(
        "dataset",
        "Makes or checks a folder of captioned pictures.",
        "rlcm dataset emoji --from packages --output emoji",
        "rlcm dataset check pictures")
        { CreateEmoji(terminal), CreateCheck(terminal), CreateGallery(terminal), CreateSelect(terminal) };

    private static DocumentedCommand CreateEmoji(Terminal terminal)
    {
        var from = new Option<string>("--from") { Description = "Folder of unpacked npm packages, made by eng/fetch-emoji.sh", HelpName = "DIR", Required = true };
        var output = new Option<string>("--output") { Description = "New folder for 64x64 PNGs and metadata.jsonl", HelpName = "DIR", Required = true };
        var command = new DocumentedCommand(
            "emoji",
            "Makes captioned 64x64 pictures from emoji packages.",
            "rlcm dataset emoji --from packages --output emoji")
            { from, output };
        command.SetAction((arguments, stop) =>
        {
            var folder = OutputFolder(arguments, output);
            IReadOnlyList<ImageRecord> records;
            using (var reporter = new DatasetReporter(terminal, TimeProvider.System))
                records = EmojiDataset.Build(arguments.GetRequiredValue(from), folder, reporter, stop);
            Print(terminal, records);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static DocumentedCommand CreateCheck(Terminal terminal)
    {
        var folder = new Argument<string>("folder") { Description = "Folder with pictures and metadata.jsonl" };
        var command = new DocumentedCommand("check", "Reports every problem of an image folder.", "rlcm dataset check pictures") { folder };
        command.SetAction((arguments, stop) =>
        {
            Print(terminal, ImageFolder.Check(arguments.GetRequiredValue(folder), stop).Records);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static DocumentedCommand CreateGallery(Terminal terminal)
    {
        var dataset = CreateDataset();
        var output = new Option<string>("--output") { Description = "New folder, such as MODEL/gallery", HelpName = "DIR", Required = true };
        var command = new DocumentedCommand(
            "gallery",
            "Makes the gallery by which 'rlcm evaluate' recognizes animals.",
            "rlcm dataset gallery --dataset emoji --output lcm/model/gallery")
            { dataset, output };
        command.SetAction((arguments, stop) =>
        {
            var folder = OutputFolder(arguments, output);
            var gallery = Gallery.FromDataset(ImageFolder.Open(arguments.GetRequiredValue(dataset)), stop);
            AtomicFolder.Write(folder, gallery.Write);
            terminal.Output.WriteLine($"{gallery.Entries.Count} pictures");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static DocumentedCommand CreateSelect(Terminal terminal)
    {
        var dataset = CreateDataset();
        var gallery = new Option<string>("--gallery") { Description = "A model's gallery, such as models/emoji-lcm/gallery", HelpName = "DIR", Required = true };
        var output = new Option<string>("--output") { Description = "New image folder", HelpName = "DIR", Required = true };
        var command = new DocumentedCommand(
            "select",
            "Takes the pictures of a gallery's code points: a narrower dataset, learned sooner.",
            "rlcm dataset select --dataset emoji --gallery models/emoji-lcm/gallery --output narrow")
            { dataset, gallery, output };
        command.SetAction((arguments, stop) =>
        {
            var folder = OutputFolder(arguments, output);
            var shown = Gallery.Read(ShippedFiles.Require(arguments.GetRequiredValue(gallery), "the gallery")).Entries.Select(entry => entry.Codepoint).ToHashSet(StringComparer.Ordinal);
            var selected = ImageFolder.Open(arguments.GetRequiredValue(dataset))
                .Select(record => !record.IsHeldOut && record.Codepoint is { } code && shown.Contains(code), folder);
            Print(terminal, selected.Records);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static Option<string> CreateDataset() => new("--dataset") { Description = "Folder made by 'rlcm dataset emoji'", HelpName = "DIR", Required = true };

    private static string OutputFolder(ParseResult arguments, Option<string> output)
    {
        var folder = arguments.Checked(output, path => path.Length > 0, "a folder");
        OutputPath.CheckFolder(folder);
        return folder;
    }

    private static void Print(Terminal terminal, IReadOnlyList<ImageRecord> records)
    {
        var table = new Table().AddColumns("field", "value").AddColumn("pictures", column => column.RightAligned());
        table.AddRow("all", "", $"{records.Count}");
        AddCounts(table, "style", records, record => record.Style);
        AddCounts(table, "group", records, record => record.Group);
        AddCounts(table, "split", records, record => record.Split);
        terminal.Write(table);
    }

    private static void AddCounts(Table table, string field, IReadOnlyList<ImageRecord> records, Func<ImageRecord, string?> value)
    {
        foreach (var count in records.Select(value).OfType<string>().CountBy(name => name).OrderByDescending(count => count.Value))
            table.AddRow(field, Markup.Escape(count.Key), $"{count.Value}");
    }
}
