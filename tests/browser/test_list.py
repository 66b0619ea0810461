"""What a person sees and does on the page of jobs. The sentences in quotes are those of the product's own page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import Tab, tab
from tests.support.dashboard import Served, Shop

from zilliz_jobs.cli.kubectl.dashboard.command import Wanted

BAR = re.compile(r"left: 97\.84\d*%; width: 0\.41\d*%")
"""From 31 minutes before noon to 25, in the day before noon."""
COLUMNS = {
    "en-GB": ["Description", "State", "Job ID", "Start time", "End time", "Creator"],
    "zh-CN": ["任务描述", "任务状态", "任务 ID", "开始时间", "结束时间", "创建人"],
    "ja-JP": ["説明", "ステータス", "ID", "開始時間", "終了時間", "作成者"],
}
STATES = {
    "en-GB": ["In progress", "Pending", "Failed", "Successful", "Canceled"],
    "zh-CN": ["进行中", "等待中", "失败", "成功", "已取消"],
    "ja-JP": ["進行中", "保留中", "失敗", "成功", "キャンセル済み"],
}
TYPES = {
    "en-GB": "Backup, Clone of a collection, Cross-region copy of a backup, Export of backup files, Import, "
    "Migration, Restore, Resume cluster, Sample collection, Scale query CU, Scale replicas, Suspend cluster",
    "zh-CN": "备份, 复制 Collection, 跨地域备份, 导出备份文件, 导入, 迁移, 恢复, 恢复运行集群, "
    "创建示例 Collection, Query CU 扩缩容, Replica 扩缩容, 挂起集群",
    "ja-JP": "バックアップ, コレクションのクローン, バックアップのリージョン間コピー, "
    "バックアップファイルのエクスポート, インポート, マイグレーション, 復元, クラスターの再開, "
    "サンプルコレクションの作成, Query CU のスケール, レプリカのスケール, クラスターの一時停止",
}
ENDED = "Import, collection trailers"


async def test_all_jobs_are_listed_newest_first_with_what_is_known_of_each(seen: Tab) -> None:
    """'All asynchronous jobs that are or were running', with description, type, state, id, times and creator."""
    await expect(seen.row(ENDED)).to_be_visible()
    assert (await seen.titles())[:4] == [
        "Restore all collections of the backup of backupjob/nightly into cluster in01-demo0shop000002",
        "Import 1 source into collection actors",
        "Import, collection reviews",
        "Backup, collection orders",
    ]
    words = (await seen.row(ENDED).inner_text()).split("\n")
    for word in (
        ENDED,
        "Import · shop/page-02",
        "Failed",
        "job-02zxhpfbwtgojxg5xtkf",
        "1 Mar, 11:29",
        "jane@example.com",
    ):
        assert word in words, words
    await expect(seen.page.get_by_role("table", name="Jobs")).to_have_attribute("aria-rowcount", "19")
    await expect(seen.page.locator(".count")).to_have_text("18 jobs")


@pytest.mark.parametrize("language", COLUMNS)
async def test_it_speaks_the_language_of_the_browser(
    browser: Browser, shop: Shop, page: Served, language: str
) -> None:
    """Columns, states and types, in the words of the product's own page."""
    for number, name in enumerate(("ScaleReplicas", "CrossRegionCopy"), 20):
        job = (name, name, "Successful", "in01-demo0movies0001", 6000 + number, 1, "ops@example.com", "")
        await shop.stranger(number, job)
    async with tab(browser, page.page.address(), language=language) as seen:
        await expect(seen.row(ENDED)).to_be_visible()
        assert await seen.page.get_by_role("columnheader").all_inner_texts() == COLUMNS[language]
        chips = await seen.page.locator(".chip").all_inner_texts()
        assert [re.sub(r"\s*\d+$", "", chip) for chip in chips][1:] == STATES[language]
        types = seen.page.locator(".fields select").first.locator("option")
        assert await types.count() == 13
        assert (await types.all_inner_texts())[1:] == TYPES[language].split(", ")
        assert await seen.page.locator("html").get_attribute("lang") == {"en-GB": "en", "ja-JP": "ja"}.get(
            language, language
        )
        assert seen.complaints == []


async def test_another_language_and_other_colours_are_kept(browser: Browser, page: Served) -> None:
    async with tab(browser, page.page.address()) as seen:
        await seen.page.get_by_label("Language").select_option("ja")
        await expect(seen.page.get_by_role("heading", name="ジョブセンター")).to_be_visible()
        await expect(seen.row(ENDED)).to_contain_text("失敗")
        await seen.page.get_by_label("配色").select_option("dark")
        await seen.page.reload()
        await expect(seen.page.get_by_role("heading", name="ジョブセンター")).to_be_visible()
        ground = await seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(14, 17, 21)"


async def test_filters_choose_and_counts_follow(seen: Tab) -> None:
    await expect(seen.row(ENDED)).to_be_visible()
    await seen.page.get_by_label("Cluster").select_option("in01-demo0shop000002")
    await expect(seen.page.locator(".count")).to_have_text("9 of 18 jobs")
    await seen.page.get_by_label("Type").select_option("Import")
    await expect(seen.page.locator(".count")).to_have_text("1 of 18 jobs")
    assert await seen.titles() == ["Import, collection reviews"]
    await seen.page.get_by_role("button", name="Clear filters").click()
    await seen.page.get_by_role("button", name=re.compile("^Failed")).click()
    await expect(seen.page.locator(".count")).to_have_text("2 of 18 jobs")
    await expect(seen.page.get_by_role("button", name=re.compile("^Successful"))).to_contain_text("9")
    await seen.page.keyboard.press("/")
    await seen.page.keyboard.type("JANE trailers")
    await expect(seen.page.locator(".count")).to_have_text("1 of 18 jobs")
    assert await seen.titles() == [ENDED]
    await seen.page.keyboard.type(" nowhere")
    await expect(seen.page.get_by_text("No job matches the filters.")).to_be_visible()


async def test_the_list_changes_as_the_jobs_do(seen: Tab, shop: Shop) -> None:
    films = seen.row("shop/films")
    await expect(films.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    await shop.tell("ImportJob", "films", {"progressPercent": 90})
    await expect(films.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "90")
    end = {"state": "Successful", "progressPercent": 100, "completionTime": "2026-03-01T12:00:00Z"}
    await shop.tell("ImportJob", "films", end)
    await expect(films).to_contain_text("Successful")
    await expect(seen.page.get_by_role("button", name=re.compile("^In progress"))).to_contain_text("2")
    await shop.delete("ImportJob", "films")
    await expect(films).to_have_count(0)
    await shop.ours("BackupJob", "fresh", spec={"clusterId": "in01-demo0movies0001"})
    await expect(seen.row("shop/fresh")).to_be_visible()


async def test_details_tell_why_a_job_failed(seen: Tab) -> None:
    """'View details'; 'click the icon beside the state to see the reason': it stands below the state."""
    await expect(seen.row(ENDED)).to_contain_text("trailers/part-7.parquet: column vector has 512 dimensions")
    await seen.row(ENDED).click()
    await expect(seen.drawer.get_by_role("heading", name=ENDED)).to_be_focused()
    await expect(seen.drawer.get_by_role("table").first).to_contain_text("trailers/part-7.parquet")
    await expect(seen.drawer).to_contain_text("the collection 768")
    await expect(seen.drawer.locator(".life")).to_contain_text("Ended: Failed")
    await seen.drawer.get_by_text("The row as the cloud wrote it").click()
    await expect(seen.drawer.locator("pre").first).to_contain_text("jobId: job-02")
    assert seen.page.url.endswith("/jobs/projectjob/shop/page-02")
    await seen.page.keyboard.press("Escape")
    await expect(seen.drawer).to_have_count(0)


async def test_the_life_of_a_job_is_told_and_goes_on(seen: Tab, shop: Shop) -> None:
    await seen.row("shop/films").click()
    for words in (
        "Object created",
        "Attempt 1 ended: Failed",
        "part-2.parquet has no column id",
        "Attempt 2 started",
    ):
        await expect(seen.drawer.locator(".life")).to_contain_text(words)
    await expect(seen.drawer).to_contain_text("kubectl zilliz wait importjob/films -n shop")
    await shop.tell("ImportJob", "films", {"message": "three files are left"})
    await expect(seen.drawer).to_contain_text("three files are left")
    await shop.delete("ImportJob", "films")
    await expect(seen.drawer).to_contain_text("It is not there any more.")


async def test_a_job_is_opened_by_its_address(browser: Browser, shop: Shop, page: Served) -> None:
    async with tab(browser, page.page.address()) as seen:
        await seen.page.goto(f"{page.url}/jobs/importjob/shop/films")
        await expect(seen.drawer.get_by_role("heading")).to_contain_text(["Import 1 source into collection films"])
        await seen.page.get_by_role("button", name="Close").click()
        assert seen.page.url == f"{page.url}/"
        await seen.page.go_back()
        await expect(seen.drawer).to_be_visible()
    assert Wanted().job == ""


async def test_everything_can_be_done_with_the_keyboard(seen: Tab) -> None:
    await expect(seen.row(ENDED)).to_be_visible()
    await seen.page.keyboard.press("Tab")
    await expect(seen.page.get_by_role("link", name="Skip to the list")).to_be_focused()
    await seen.page.keyboard.press("Enter")
    await seen.page.locator("#search").focus()
    await seen.page.keyboard.press("Escape")
    await seen.page.keyboard.press("j")
    await expect(seen.page.locator(".open").first).to_be_focused()
    for _ in range(6):
        await seen.page.keyboard.press("ArrowDown")
    await expect(seen.row(ENDED).locator(".open")).to_be_focused()
    await seen.page.keyboard.press("End")
    await expect(seen.page.locator(".row[aria-rowindex='19'] .open")).to_be_focused()
    await seen.page.keyboard.press("Home")
    await seen.page.keyboard.press("k")
    await expect(seen.page.locator(".row[aria-rowindex='2'] .open")).to_be_focused()
    await seen.page.keyboard.press("Enter")
    await expect(seen.drawer).to_be_visible()
    await seen.page.keyboard.press("Escape")
    await expect(seen.page.locator(".row[aria-rowindex='2'] .open")).to_be_focused()
    await seen.page.keyboard.press("?")
    await expect(seen.page.get_by_role("region", name="Keyboard")).to_be_visible()


async def test_the_keyboard_stays_with_its_job_while_others_come(seen: Tab, shop: Shop) -> None:
    """Rows are used again for other jobs: Enter would open one that the person did not mean."""
    await seen.row(ENDED).click()
    for number in range(3):
        await shop.ours("BackupJob", f"fresh-{number}", spec={"clusterId": "in01-demo0movies0001"})
    await expect(seen.row("shop/fresh-2")).to_be_visible()
    await seen.page.keyboard.press("Escape")
    await expect(seen.row(ENDED).locator(".open")).to_be_focused()
    await shop.ours("BackupJob", "fresh-3", spec={"clusterId": "in01-demo0movies0001"})
    await expect(seen.row("shop/fresh-3")).to_be_visible()
    await expect(seen.row(ENDED).locator(".open")).to_be_focused()
    await seen.page.keyboard.press("Enter")
    await expect(seen.drawer.get_by_role("heading", name=ENDED)).to_be_visible()


@dataclass(frozen=True)
class Box:
    """Where something stands, in pixels."""

    left: float
    right: float


async def boxes(seen: Tab, what: str) -> list[Box]:
    """Of what is visible."""
    found = [await one.bounding_box() for one in await seen.page.locator(what).all()]
    return [Box(one["x"], one["x"] + one["width"]) for one in found if one]


async def test_it_is_read_on_a_phone(browser: Browser, page: Served) -> None:
    async with tab(browser, page.page.address(), size=(360, 740)) as seen:
        await expect(seen.row(ENDED)).to_be_visible()
        wide = await seen.page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= 360
        await seen.row(ENDED).click()
        box = await seen.drawer.bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (0, 360)
        await seen.page.goto(f"{page.url}/timeline")
        await expect(seen.page.locator(".chart li").first).to_be_visible()
        ticks, bars = await boxes(seen, ".tick"), await boxes(seen, ".chart .span")
        assert all(one.right <= other.left for one, other in pairwise(ticks))
        assert (len(ticks), len(bars)) == (3, 10)
        assert all(one.left >= 0 and one.right <= 360 for one in (*ticks, *bars))
        assert seen.complaints == []


async def test_schedules_connections_and_bars_are_shown(seen: Tab, shop: Shop) -> None:
    await seen.page.get_by_role("link", name="Timeline").click()
    bar = seen.page.get_by_role("link", name=re.compile(f"^{ENDED}: Failed"))
    await expect(bar.locator(".span")).to_have_attribute("style", BAR)
    for period, count in (("1 hour", 5), ("7 days", 14)):
        await seen.page.get_by_label("Period").select_option(period)
        await expect(seen.page.locator(".chart li")).to_have_count(count)
    await seen.page.get_by_role("link", name="Schedules").click()
    card = seen.page.locator(".card", has_text="nightly")
    await expect(card).to_contain_text("in 14 hr")
    await expect(card).to_contain_text("on request")
    await expect(card.get_by_role("link", name="exportjob/nightly-rd2b8f0a1-export")).to_be_visible()
    await seen.page.get_by_role("link", name="Connections").click()
    await expect(seen.page.locator(".card", has_text="staging")).to_contain_text("SecretNotFound: there is no Secret")
    told = [{"type": "Ready", "status": "True", "reason": "KeyAccepted", "message": "ok"}]
    await shop.tell("ZillizConnection", "staging", {"conditions": told})
    await expect(seen.page.locator(".card", has_text="staging")).to_contain_text("Ready")
    await expect(seen.page.locator(".card", has_text="proj-0123456789abcdef").last).to_contain_text("500 of 1,312")
