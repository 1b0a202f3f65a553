using System.CommandLine;
using Rlcm.Datasets;
using Rlcm.Evaluation;
using Spectre.Console;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm dataset</c>: makes the emoji dataset and checks image folders.</summary>
internal static class DatasetCommand
{
    public static Command Create() => new("dataset", "Make or check a folder of captioned pictures") { CreateEmoji(), CreateCheck(), CreateGallery(), CreateSelect() };

    private static Command CreateEmoji()
    {
        var from = new Option<DirectoryInfo>("--from") { HelpName = "DIR", Description = "Folder of unpacked npm packages, made by eng/fetch-emoji.sh", Required = true };
        var output = new Option<DirectoryInfo>("--output") { HelpName = "DIR", Description = "Folder to make: 64x64 PNGs and metadata.jsonl", Required = true };
        var command = new Command("emoji", "Make captioned 64x64 pictures from emoji packages") { from, output };
        command.SetAction((arguments, cancellation) =>
        {
            var records = EmojiDataset.Build(arguments.GetRequiredValue(from).FullName, arguments.GetRequiredValue(output).FullName, cancellation);
            Print(records);
            return Task.FromResult(0);
        });
        return command;
    }

    private static Command CreateCheck()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Folder with pictures and metadata.jsonl" };
        var command = new Command("check", "Report every problem of an image folder") { folder };
        command.SetAction((arguments, cancellation) =>
        {
            Print(ImageFolder.Check(arguments.GetRequiredValue(folder).FullName, cancellation).Records);
            return Task.FromResult(0);
        });
        return command;
    }

    private static Command CreateGallery()
    {
        var dataset = new Option<DirectoryInfo>("--dataset") { HelpName = "DIR", Description = "Folder made by 'rlcm dataset emoji'", Required = true };
        var output = new Option<DirectoryInfo>("--output") { HelpName = "DIR", Description = "Folder to write, such as MODEL/gallery", Required = true };
        var command = new Command("gallery", "Make the gallery by which 'rlcm evaluate' recognizes animals") { dataset, output };
        command.SetAction((arguments, cancellation) =>
        {
            var gallery = Gallery.FromDataset(ImageFolder.Open(arguments.GetRequiredValue(dataset).FullName), cancellation);
            gallery.Write(arguments.GetRequiredValue(output).FullName);
            AnsiConsole.WriteLine($"{gallery.Entries.Count} pictures");
            return Task.FromResult(0);
        });
        return command;
    }

    private static Command CreateSelect()
    {
        var dataset = new Option<DirectoryInfo>("--dataset") { HelpName = "DIR", Description = "Folder made by 'rlcm dataset emoji'", Required = true };
        var gallery = new Option<DirectoryInfo>("--gallery") { HelpName = "DIR", Description = "A model's gallery, such as models/emoji-lcm/gallery", Required = true };
        var output = new Option<DirectoryInfo>("--output") { HelpName = "DIR", Description = "Image folder to make", Required = true };
        var command = new Command("select", "Take the pictures of a gallery's code points: a narrower dataset, learnt sooner") { dataset, gallery, output };
        command.SetAction((arguments, cancellation) =>
        {
            var shown = Gallery.Read(arguments.GetRequiredValue(gallery).FullName).Entries.Select(entry => entry.Codepoint).ToHashSet(StringComparer.Ordinal);
            var selected = ImageFolder.Open(arguments.GetRequiredValue(dataset).FullName)
                .Select(record => !record.IsHeldOut && record.Codepoint is { } code && shown.Contains(code), arguments.GetRequiredValue(output).FullName);
            Print(selected.Records);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Print(IReadOnlyList<ImageRecord> records)
    {
        var table = new Table().AddColumns("field", "value").AddColumn("pictures", column => column.RightAligned());
        table.AddRow("all", "", $"{records.Count}");
        AddCounts(table, "style", records, record => record.Style);
        AddCounts(table, "group", records, record => record.Group);
        AddCounts(table, "split", records, record => record.Split);
        AnsiConsole.Write(table);
    }

    private static void AddCounts(Table table, string field, IReadOnlyList<ImageRecord> records, Func<ImageRecord, string?> value)
    {
        foreach (var count in records.Select(value).OfType<string>().CountBy(name => name).OrderByDescending(count => count.Value))
            table.AddRow(field, Markup.Escape(count.Key), $"{count.Value}");
    }
}
